import * as fc from 'fast-check';
import {compareKeys} from '../../../stream-processor/engine/compare-keys.ts';
import type {Row, RowIdentity} from '../../../stream-processor/engine/operator.ts';
import {compareIdentities} from '../../../stream-processor/engine/select-rows.ts';
import type {OperatorTask} from './operator-task.ts';

export interface TestEvent {
  readonly key: string;
  readonly timeMs: number;
  readonly event: {readonly n: number};
}

/** What happens to a task between two events. */
export type Step =
  | {readonly kind: 'event'; readonly event: TestEvent}
  | {readonly kind: 'commit'; readonly limit: number}
  | {readonly kind: 'save'}
  | {readonly kind: 'restart'; readonly losesCheckpoint: boolean};

/** Times wander, with jumps forward and back; few keys, so that they meet. */
export function steps(stepMs: number): fc.Arbitrary<readonly Step[]> {
  const moves = fc.oneof(
    {weight: 6, arbitrary: fc.integer({min: 0, max: stepMs})},
    {weight: 3, arbitrary: fc.integer({min: -2 * stepMs, max: 0})},
    {weight: 1, arbitrary: fc.integer({min: 0, max: 8 * stepMs})},
  );
  const event = fc.record({move: moves, key: fc.constantFrom('a', 'b', '\u{1F600}', 'ｱ')});
  const step = fc.oneof(
    {weight: 12, arbitrary: event.map((value) => ({kind: 'event' as const, ...value}))},
    {
      weight: 3,
      arbitrary: fc
        .constantFrom(0, 1, 2, Number.POSITIVE_INFINITY)
        .map((limit) => ({kind: 'commit' as const, limit})),
    },
    {weight: 1, arbitrary: fc.constant({kind: 'save' as const})},
    {
      weight: 1,
      arbitrary: fc
        .boolean()
        .map((losesCheckpoint) => ({kind: 'restart' as const, losesCheckpoint})),
    },
  );
  return fc.array(step, {minLength: 1, maxLength: 120}).map((list) => {
    let timeMs = 10 * stepMs;
    let n = 0;
    return list.map((each): Step => {
      if (each.kind !== 'event') return each;
      timeMs = Math.max(0, timeMs + each.move);
      return {kind: 'event', event: {key: each.key, timeMs, event: {n: ++n}}};
    });
  });
}

export function eventsOf(list: readonly Step[]): readonly TestEvent[] {
  return list.flatMap((each) => (each.kind === 'event' ? [each.event] : []));
}

/** What a reader of the result topic has: rows by identity. */
export class Published {
  readonly #open = new Map<string, Row>();
  readonly finals: Row[] = [];

  take(commit: {
    readonly final: readonly Row[];
    readonly changed: readonly Row[];
    readonly withdrawn: readonly RowIdentity[];
  }): void {
    for (const row of commit.withdrawn) {
      if (!this.#open.delete(nameOf(row))) throw new Error(`${nameOf(row)} was not there`);
    }
    for (const row of commit.changed) this.#open.set(nameOf(row), row);
    for (const row of commit.final) {
      this.#open.delete(nameOf(row));
      this.finals.push(row);
    }
  }

  get open(): readonly Row[] {
    return [...this.#open.values()].sort(compareIdentities);
  }
}

function nameOf({key, start, end}: RowIdentity): string {
  return JSON.stringify([key, start, end]);
}

/**
 * Runs the steps and, after each commit, compares what can be queried with what was published. After a restart events go
 * on behind the last commit. At the end everything is committed.
 */
export async function runSteps(task: OperatorTask, list: readonly Step[]): Promise<Published> {
  const published = new Published();
  const events = eventsOf(list);
  let applied = 0;
  let committed = {applied: 0, late: 0};
  const commit = (limit: number) => {
    published.take(task.commit(limit));
    committed = {applied, late: task.late.length};
    const all = {fromMs: -1e15, toMs: 1e15, limit: 1e9};
    expectSame(task.operator.openRows(all), published.open);
    const [first, ...others] = published.open;
    if (first !== undefined) {
      expectSame(task.operator.openRows({...all, after: first, limit: 2}), others.slice(0, 2));
      const ofKey = published.open.filter(({key}) => key === first.key);
      expectSame(task.operator.openRows({...all, key: first.key}), ofKey);
    }
  };
  for (const step of list) {
    if (step.kind === 'event') task.apply(events[applied++]!);
    else if (step.kind === 'commit') commit(step.limit);
    else if (step.kind === 'restart') {
      await task.restart(step);
      applied = committed.applied;
      task.late.length = committed.late;
    } else if (applied === committed.applied) task.world.save();
  }
  while (applied < events.length) task.apply(events[applied++]!);
  do commit(3);
  while (task.operator.dueCount() > 0);
  expectSame(published.finals, published.finals.toSorted(byEndAndKey));
  return published;
}

/** Closed rows come by end and key. */
function byEndAndKey(a: Row, b: Row): number {
  return a.end! - b.end! || compareKeys(a.key, b.key);
}

function expectSame(found: readonly Row[], wanted: readonly Row[]): void {
  const [left, right] = [JSON.stringify(found), JSON.stringify(wanted)];
  if (left !== right) throw new Error(`found ${left}\nwanted ${right}`);
}

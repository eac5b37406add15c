/**
 * Runs a case on the engine that tasks run, with a commit after every event, and writes down what each commit would write.
 */
import {topologyOf} from '../../src/define/topology.ts';
import {systemClock} from '../../src/lib/clock.ts';
import {TopicNames} from '../../src/protocol/topics.ts';
import {createEngine} from '../engine/create-engine.ts';
import type {TaskEngine} from '../engine/task-engine.ts';
import {ROOT, viewOf, type CaseBody} from './case-views.ts';
import {CommittedRows} from './committed-rows.ts';
import {memoryStores} from '../state/memory-stores.ts';
import type {CaseEvent, Fields, OracleCase, Outcome} from './oracle-case.ts';

export function runCase(oracle: OracleCase): Outcome {
  const engine = engineOf(oracle);
  const rows = new CommittedRows(oracle, engine);
  const results: Fields[] = [];
  const dropped: Fields[] = [];
  let after = 0;
  engine.listen({
    late: ({reason, windows}) => {
      if (reason === 'late') dropped.push({event: after, reason, ...windowsOf(oracle, windows)});
    },
    failed: (_name, error) => {
      throw error;
    },
  });
  for (; after < oracle.events.length; after++) {
    const event = oracle.events[after]!;
    const reason = refusalOf(event, oracle);
    if (reason !== undefined) dropped.push({event: after, reason});
    else if (isSeen(event, oracle)) apply(engine, event, after);
    for (const result of rows.commit()) results.push({...result, after});
  }
  return {results, dropped};
}

function engineOf(oracle: OracleCase): TaskEngine {
  const pipeline = {views: [viewOf(oracle)]};
  const [group] = topologyOf(pipeline).groups;
  const names = new TopicNames('', 'oracle');
  return createEngine(
    {group: group!, partition: 0, pipeline, names, clock: systemClock},
    memoryStores,
  );
}

/** Why an event comes to no view: it is dated before 1970, or has no key. Neither moves time. */
function refusalOf(event: CaseEvent, oracle: OracleCase): string | undefined {
  if (event.ts < 0) return 'negative-timestamp';
  return isSeen(event, oracle) && !hasKey(event) ? 'null-key' : undefined;
}

/**
 * The case's events of other types are not the join's: Kafka Streams filters them before its operator, whose time they do not
 * move. Our time is that of the partition, filters or not, so here they stay away from it.
 */
function isSeen({type}: CaseEvent, oracle: OracleCase): boolean {
  return oracle.type === 'window' || type === oracle.leftType || type === oracle.rightType;
}

function apply(engine: TaskEngine, {key, ts, type, value}: CaseEvent, index: number): void {
  const event: CaseBody = {index, type: type ?? null, fields: value ?? {}};
  engine.apply(ROOT, {key: key!, timeMs: ts, id: `${ROOT}:${index}`, event});
}

function hasKey({key}: CaseEvent): boolean {
  return key !== null && key !== undefined;
}

/** Only of windows that overlap is it said how many an event was late for. */
function windowsOf(oracle: OracleCase, windows: number | undefined): Fields {
  return oracle.type === 'window' && oracle.window.type === 'hopping'
    ? {windows: windows ?? 1}
    : {};
}

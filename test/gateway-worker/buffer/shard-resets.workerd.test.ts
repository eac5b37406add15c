/**
 * A shard that is evicted and aborted at any moment, also in the middle of appends, against a model of what its callers were
 * told: what was answered is there under its seq, each id once, seqs dense, and what was not answered is there or is not.
 */
import {evictDurableObject, runInDurableObject} from 'cloudflare:test';
import {expect, test, vi} from 'vitest';
import {randomOf} from '../../../dev/random-of.ts';
import {drainShard} from '../support/drain-shard.ts';
import {append, freshShard} from '../support/shard-records.ts';
import {bindings} from '../support/test-gateway.ts';

vi.setConfig({testTimeout: 60_000});

const RUNS = 12;
const STEPS = 40;
const MAX_TOGETHER = 5;
const MAX_RECORDS = 4;
/** Of appended ids, those that were sent before. */
const REPEATED = 0.3;

class Run {
  readonly told = new Map<string, number>();
  readonly drained = new Map<number, string>();
  readonly #name = freshShard().name!;
  readonly #random: () => number;
  #made = 0;

  constructor(seed: number) {
    this.#random = randomOf(seed);
  }

  async step(): Promise<void> {
    const dice = this.#random();
    if (dice < 0.55) return this.#appends();
    if (dice < 0.7) return this.drain();
    if (dice < 0.85) return this.#reset();
    // Something ends the object while appends are under way.
    await Promise.all([this.#appends(), this.#reset()]);
  }

  async drain(): Promise<void> {
    for (const [seq, value] of await drainShard(this.#shard(), {isTrimmed: true})) {
      expect(this.drained.get(seq) ?? value).toBe(value);
      this.drained.set(seq, value);
    }
  }

  /** Several requests at once; their outcomes go into the model. */
  async #appends(): Promise<void> {
    const requests = Array.from({length: this.#upTo(MAX_TOGETHER)}, () =>
      Array.from({length: this.#upTo(MAX_RECORDS)}, () => this.#id()),
    );
    await Promise.all(
      requests.map(async (ids) => {
        const records = ids.map((id) => ({id, value: id}));
        const result = await append(this.#shard(), ...records).catch(() => null);
        if (result === null) return;
        if (result.kind !== 'stored') throw new Error(`not stored: ${result.kind}`);
        const known = new Map(result.duplicates.map(({index, seq}) => [index, seq]));
        let nextSeq = result.firstSeq;
        for (const [index, id] of ids.entries()) this.#tell(id, known.get(index) ?? nextSeq++);
      }),
    );
  }

  #tell(id: string, seq: number): void {
    expect(this.told.get(id) ?? seq).toBe(seq);
    this.told.set(id, seq);
  }

  async #reset(): Promise<void> {
    if (this.#random() < 0.5) return evictDurableObject(this.#shard()).catch(() => undefined);
    await runInDurableObject(this.#shard(), (_, ctx) => ctx.abort('by the test')).catch(
      () => undefined,
    );
  }

  /** A new stub each time, as one that saw its object end may be broken for good. */
  #shard() {
    return bindings.SHARD.getByName(this.#name);
  }

  #id(): string {
    if (this.#made > 0 && this.#random() < REPEATED) return `id-${this.#upTo(this.#made) - 1}`;
    this.#made += 1;
    return `id-${this.#made - 1}`;
  }

  #upTo(most: number): number {
    return 1 + Math.floor(most * this.#random());
  }
}

test.each(Array.from({length: RUNS}, () => Math.floor(Math.random() * 2 ** 31)))(
  'whatever ends the object, seed %i',
  async (seed) => {
    const run = new Run(seed);
    for (let step = 0; step < STEPS; step += 1) await run.step();
    await run.drain();
    const seqs = [...run.drained.keys()].toSorted((one, other) => one - other);
    expect(seqs).toEqual(seqs.map((_, index) => index + 1));
    expect(new Set(run.drained.values()).size).toBe(seqs.length);
    for (const [id, seq] of run.told) expect(run.drained.get(seq)).toBe(id);
  },
);

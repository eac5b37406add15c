/**
 * Promise 6: every event has exactly one outcome. Senders of every kind at once, some of what they send repeated, some not
 * valid, one in twenty hostile; at the end what the senders were told, what the gateway counted, what the shards hold and
 * what is in Kafka are the same numbers.
 */
import {afterAll, beforeAll, expect, test} from 'vitest';
import {OUTCOMES} from '../../src/telemetry/outcome.ts';
import type {Outcome} from '../../src/telemetry/outcome.ts';
import {startJudgeRun} from '../judges/support/judge-run.ts';
import type {JudgeRun} from '../judges/support/judge-run.ts';
import {seededRandom} from '../support/seeded-random.ts';
import {mixedSenders} from './support/mixed-senders.ts';
import {Tally} from './support/tally.ts';

const SECRET = `whsec_${Buffer.from('a secret of thirty-two bytes, ok').toString('base64')}`;
const STREAMS = ['readings', 'tracks', 'logs', 'deliveries'] as const;

let run: JudgeRun;
beforeAll(async () => {
  run = await startJudgeRun({
    pipelinePath: 'test/promises/mixed-pipeline.ts',
    secrets: {STANDARD: SECRET},
  });
});
afterAll(() => run.end());

test('what senders are told, what is counted, what is kept and what arrives are the same', async () => {
  const random = seededRandom('mixed senders');
  const tally = new Tally();
  await Promise.all(
    mixedSenders.map((send) =>
      send({url: run.url, key: run.ingestKey, secret: SECRET, random, tally}),
    ),
  );
  for (const stream of STREAMS) {
    const told = tally.of(stream);
    expect([stream, told.accepted > 20, told.duplicate > 0, told.refused > 0]).toEqual([
      stream,
      true,
      true,
      true,
    ]);
    expect([stream, await countedOf(stream)]).toEqual([stream, told]);

    const ids = tally.acceptedIds(stream);
    const arrived = await run.arrived(stream, told.accepted);
    expect([stream, arrived.length]).toEqual([stream, told.accepted]);
    expect(new Set(arrived.map(({headers}) => headers['ce_id'])).size).toBe(told.accepted);
    const numbers = arrived.map(({value}) => Number(/"n(?:":|\D+)(\d+)/.exec(value!)?.[1]));
    expect(numbers.toSorted((a, b) => a - b)).toEqual(ids.toSorted((a, b) => a - b));

    const kept = tally.keptRejected(stream);
    expect([stream, (await run.arrived(`${stream}.rejected`, kept)).length]).toEqual([
      stream,
      kept,
    ]);
    expect([stream, await appendedTo(stream)]).toEqual([stream, told.accepted]);
  }
});

async function admin<Body>(path: string): Promise<Body> {
  const response = await fetch(run.url + path, {
    headers: {authorization: `Bearer ${run.adminKey}`},
  });
  return (await response.json()) as Body;
}

async function countedOf(stream: string): Promise<Record<Outcome, number>> {
  const {outcomes} = await admin<{outcomes: Record<string, Record<Outcome, number>>}>(
    '/admin/v1/outcomes',
  );
  expect(Object.keys(outcomes[stream]!).toSorted()).toEqual(OUTCOMES.toSorted());
  return outcomes[stream]!;
}

/** Records the shards of a stream ever took: every accepted event took one seq. */
async function appendedTo(stream: string): Promise<number> {
  const {shards} = await admin<{shards: {shard: string; nextSeq: number}[]}>('/admin/v1/shards');
  return shards
    .filter(({shard}) => shard.startsWith(`${stream}/`))
    .reduce((sum, {nextSeq}) => sum + nextSeq - 1, 0);
}

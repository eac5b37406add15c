/**
 * Whatever is sent where events come in: an answer the route describes, nothing stored by what was refused, and as much
 * stored as the answer says.
 */
import fc from 'fast-check';
import {beforeAll, describe, expect, test} from 'vitest';
import {bindings, testApp} from '../support/test-gateway.ts';
import type {TestApp} from '../support/test-gateway.ts';
import {
  anyBody,
  bodyChange,
  headerChanges,
  prototypeNames,
  query,
} from '../support/hostile-arbitraries.ts';
import {INGESTS} from '../support/ingests.ts';
import type {Ingest} from '../support/ingests.ts';

/** Hundreds of requests on a busy machine. */
const TIMEOUT_MS = 60_000;
const RUNS = {numRuns: 60};
const failures: unknown[] = [];
const log = {
  info: () => undefined,
  warn: () => undefined,
  error: (...line: readonly unknown[]) => void failures.push(line),
};

let app: TestApp;
beforeAll(async () => {
  app = await testApp({services: {log}});
});

/** Records ever accepted. */
async function accepted({stream, partitions}: Ingest): Promise<number> {
  const shards = Array.from({length: partitions}, (_, at) =>
    bindings.SHARD.getByName(`${stream}/${at}`).status(),
  );
  return (await Promise.all(shards)).reduce((sum, {nextSeq}) => sum + nextSeq, 0);
}

/** What an answer says was stored; `null` when it does not say how much. */
function saidAccepted(status: number, text: string): number | null {
  if (text.startsWith('{"offsets"')) return text.match(/"offset":\d/g)?.length ?? 0;
  if (text.includes('"cluster_id"')) return text.match(/"offset":\d/g)!.length;
  const said = /"accepted":(\d+)/.exec(text)?.[1];
  if (said !== undefined) return Number(said);
  return status >= 400 ? 0 : null;
}

describe.each(Object.entries(INGESTS))('%s', (_, ingest) => {
  let before: number;
  beforeAll(async () => {
    before = await accepted(ingest);
  });

  async function send(sending: Parameters<Ingest['send']>[1]): Promise<void> {
    const names = prototypeNames();
    const response = await app.fetch(...(await ingest.send(app, sending)));
    const text = await response.text();
    expect([response.status < 500, text, failures]).toEqual([true, text, []]);
    expect(prototypeNames()).toBe(names);
    const after = await accepted(ingest);
    const said = saidAccepted(response.status, text);
    if (said !== null) expect([text, after - before]).toEqual([text, said]);
    before = after;
  }

  test('as it should be, it is taken', async () => {
    const start = before;
    await send({});
    expect(before).toBeGreaterThan(start);
  });

  test(
    'with another body',
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.oneof(bodyChange, anyBody), query, async (change, text) => {
          const body = typeof change === 'function' ? change(ingest.body()) : change;
          await send({body: body as BodyInit, query: text});
        }),
        RUNS,
      );
    },
    TIMEOUT_MS,
  );

  test(
    'with other headers',
    async () => {
      await fc.assert(
        fc.asyncProperty(headerChanges, (headers) => send({headers})),
        RUNS,
      );
    },
    TIMEOUT_MS,
  );
});

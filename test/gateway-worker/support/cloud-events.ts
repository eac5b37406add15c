/** CloudEvents that nobody sent before, and what became of them. */
import {expect} from 'vitest';
import {recordsOf} from './shard-records.ts';
import type {StoredRecord} from './shard-records.ts';

/** Takes any data; its key is the extension `partitionkey`, else the subject. */
export const EVENTS = '/v1/streams/cloud-events';

export type HeaderValues = Readonly<Record<string, string>>;

/** Of binary mode. */
export function newHeaders(extra: HeaderValues = {}): Record<string, string> {
  return {
    'ce-specversion': '1.0',
    'ce-id': crypto.randomUUID(),
    'ce-source': '/tests',
    'ce-type': 'test.made',
    ...extra,
  };
}

/** In the JSON format. */
export function newEvent(extra: object = {}): Record<string, unknown> {
  return {
    specversion: '1.0',
    id: crypto.randomUUID(),
    source: '/tests',
    type: 'test.made',
    ...extra,
  };
}

/** The record of the one event of an accepted request. */
export async function storedBy(response: Response): Promise<StoredRecord> {
  expect(response.status).toBe(202);
  const {events} = await response.json<{events: {id: string; shard: string}[]}>();
  const {id, shard} = events[0]!;
  return (await recordsOf(shard)).find(({headers}) => headers['ce_id'] === id)!;
}

import {runInDurableObject} from 'cloudflare:test';
import {hashId} from '../../../gateway-worker/accept/event-ids.ts';
import type {
  AppendRequest,
  AppendStored,
  AppendResult,
} from '../../../gateway-worker/buffer/append-protocol.ts';
import {encodeBatches} from '../../../gateway-worker/buffer/encode-batches.ts';
import type {ShardObject} from '../../../gateway-worker/buffer/shard-object.ts';
import {fromUtf8, utf8} from '../../../src/lib/bytes.ts';
import {decodeRecords} from '../../../src/record/codec.ts';
import {bindings} from './test-gateway.ts';

export type ShardStub = DurableObjectStub<ShardObject>;

let made = 0;

/** Trimmed rows are still there, until an append overwrites them. */
const WAITING_ROWS =
  'SELECT first_seq, bytes FROM log WHERE first_seq > (SELECT trimmed_seq FROM meta) ORDER BY first_seq';

/** A shard nobody used before. Its stream is one of the tests' pipeline, so it has that stream's limits. */
export function freshShard(stream = 'own-ids'): ShardStub {
  made += 1;
  return bindings.SHARD.getByName(`${stream}/${1_000 + made}-${crypto.randomUUID()}`);
}

export interface TestRecord {
  readonly value: string;
  readonly id?: string;
}

export async function requestOf(records: readonly TestRecord[]): Promise<AppendRequest> {
  const toAppend = await Promise.all(
    records.map(async ({value, id}) => ({
      idHash: id === undefined ? null : await hashId(id),
      record: {key: null, value: utf8(value), headers: []},
    })),
  );
  return {batches: encodeBatches({receivedMs: Date.now(), headers: []}, toAppend)};
}

export async function append(shard: ShardStub, ...records: TestRecord[]): Promise<AppendResult> {
  return shard.append(await requestOf(records));
}

export async function appendStored(
  shard: ShardStub,
  ...records: TestRecord[]
): Promise<AppendStored> {
  const result = await append(shard, ...records);
  if (result.kind !== 'stored') throw new Error(`not stored: ${JSON.stringify(result)}`);
  return result;
}

export function values(...texts: string[]): TestRecord[] {
  return texts.map((value) => ({value}));
}

/** What one SQL query of the shard's storage says. */
export function query<Row extends Record<string, SqlStorageValue>>(
  shard: ShardStub,
  sql: string,
): Promise<Row[]> {
  return runInDurableObject(shard, (_, ctx) => ctx.storage.sql.exec<Row>(sql).toArray());
}

/** Every record that is not trimmed, as its seq and value. */
export async function logOf(shard: ShardStub): Promise<(readonly [seq: number, value: string])[]> {
  const rows = await query<{first_seq: number; bytes: ArrayBuffer}>(shard, WAITING_ROWS);
  return rows.flatMap(({first_seq: firstSeq, bytes}) =>
    decodeRecords(new Uint8Array(bytes)).map(
      ({value}, index) => [firstSeq + index, fromUtf8(value!)] as const,
    ),
  );
}

export interface StoredRecord {
  readonly seq: number;
  readonly key: string | null;
  /** `null`: the event has no data. */
  readonly value: string | null;
  readonly headers: Readonly<Record<string, string>>;
}

/** Every record of a shard of the definition. */
export async function recordsOf(shard: string): Promise<readonly StoredRecord[]> {
  const rows = await query<{first_seq: number; bytes: ArrayBuffer}>(
    bindings.SHARD.getByName(shard),
    WAITING_ROWS,
  );
  return rows.flatMap(({first_seq: firstSeq, bytes}) =>
    decodeRecords(new Uint8Array(bytes)).map(({key, value, headers}, index) => ({
      seq: firstSeq + index,
      key: key === null ? null : fromUtf8(key),
      value: value === null ? null : fromUtf8(value),
      headers: Object.fromEntries(headers.map(([name, bytes]) => [name, fromUtf8(bytes)])),
    })),
  );
}

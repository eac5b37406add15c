import * as z from 'zod';
import type {RowIdentity} from '../engine/operator.ts';
import {QueryFailed} from './problem.ts';
import {MAX_TIME_MS} from '../../src/lib/clock.ts';

const LIMIT_DEFAULT = 100;
const LIMIT_MAX = 1_000;

const Time = z.union([
  z
    .string()
    .regex(/^-?\d{1,16}$/)
    .transform(Number),
  z.iso.datetime({offset: true}).transform((text) => Date.parse(text)),
]);
const Cursor = z.tuple([z.number().nullable(), z.string(), z.number().nullable(), z.string()]);

export interface ViewQuery {
  readonly key: string | undefined;
  readonly fromMs: number;
  readonly toMs: number;
  readonly limit: number;
  readonly after: RowIdentity | undefined;
}

type Parameters = Readonly<Record<string, string | undefined>>;

/**
 * `key`, `from`, `to`, `limit`, `cursor` of a query; all are optional.
 * @throws QueryFailed `invalid-parameter`
 */
export function parseQuery(parameters: Parameters): ViewQuery {
  const {key, from, to, limit, cursor} = parameters;
  const fromMs = from === undefined ? -MAX_TIME_MS : parseTime(from);
  if (fromMs === undefined) throw invalid('from', 'RFC 3339 or milliseconds');
  const toMs = to === undefined ? MAX_TIME_MS : parseTime(to);
  if (toMs === undefined) throw invalid('to', 'RFC 3339 or milliseconds');
  const rows = limit === undefined ? LIMIT_DEFAULT : Number(limit);
  if (!Number.isInteger(rows) || rows < 1 || rows > LIMIT_MAX) {
    throw invalid('limit', `a whole number from 1 to ${LIMIT_MAX}`);
  }
  const after = cursor === undefined ? undefined : decodeCursor(cursor);
  if (cursor !== undefined && after === undefined) throw invalid('cursor', 'one of this view');
  return {key, fromMs, toMs, limit: rows, after};
}

/** A row's place in the order of pages: it holds whatever is written before or behind it meanwhile. */
export function encodeCursor({start, key, end, id}: RowIdentity): string {
  return Buffer.from(JSON.stringify([start, key, end, id])).toString('base64url');
}

function decodeCursor(cursor: string): RowIdentity | undefined {
  try {
    const decoded = Cursor.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString()));
    const [start, key, end, id] = decoded;
    return {start, key, end, id};
  } catch {
    return undefined;
  }
}

/** RFC 3339 or milliseconds, as milliseconds since the epoch. */
export function parseTime(text: string): number | undefined {
  const time = Time.safeParse(text);
  return time.success ? time.data : undefined;
}

function invalid(parameter: string, wanted: string): QueryFailed {
  const detail = `${parameter} must be ${wanted}`;
  return new QueryFailed({code: 'invalid-parameter', detail});
}

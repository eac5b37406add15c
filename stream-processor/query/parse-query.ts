import * as z from 'zod';
import type {RowPlace} from '../state/closed-rows.ts';
import type {QueryProblem} from './problem.ts';
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
const Cursor = z.tuple([z.number(), z.string()]);

export interface ViewQuery {
  readonly key: string | undefined;
  readonly fromMs: number;
  readonly toMs: number;
  readonly limit: number;
  readonly after: RowPlace | undefined;
}

type Parameters = Readonly<Record<string, string | undefined>>;

/** `key`, `from`, `to`, `limit`, `cursor` of a query; all are optional. */
export function parseQuery(parameters: Parameters): ViewQuery | QueryProblem {
  const {key, from, to, limit, cursor} = parameters;
  const fromMs = from === undefined ? 0 : parseTime(from);
  if (fromMs === undefined) return invalid('from', 'RFC 3339 or milliseconds');
  const toMs = to === undefined ? MAX_TIME_MS : parseTime(to);
  if (toMs === undefined) return invalid('to', 'RFC 3339 or milliseconds');
  const rows = limit === undefined ? LIMIT_DEFAULT : Number(limit);
  if (!Number.isInteger(rows) || rows < 1 || rows > LIMIT_MAX) {
    return invalid('limit', `a whole number from 1 to ${LIMIT_MAX}`);
  }
  const after = cursor === undefined ? undefined : decodeCursor(cursor);
  if (cursor !== undefined && after === undefined) return invalid('cursor', 'one of this view');
  return {key, fromMs, toMs, limit: rows, after};
}

/** A row's place in the order of pages: it holds whatever is written before or behind it meanwhile. */
export function encodeCursor({startMs, key}: RowPlace): string {
  return Buffer.from(JSON.stringify([startMs, key])).toString('base64url');
}

function decodeCursor(cursor: string): RowPlace | undefined {
  try {
    const [startMs, key] = Cursor.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString()));
    return {startMs, key};
  } catch {
    return undefined;
  }
}

function parseTime(text: string): number | undefined {
  const time = Time.safeParse(text);
  return time.success ? time.data : undefined;
}

function invalid(parameter: string, wanted: string): QueryProblem {
  return {code: 'invalid-parameter', detail: `${parameter} must be ${wanted}`};
}

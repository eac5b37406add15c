import * as z from 'zod';
import {MAX_TIME_MS} from '../../src/lib/clock.ts';
import type {RowIdentity} from '../engine/operator.ts';
import {QueryFailed} from './problem.ts';

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

export interface ParsedRange {
  readonly key: string | undefined;
  readonly fromMs: number;
  readonly toMs: number;
}

export interface ParsedPage extends ParsedRange {
  readonly limit: number;
  readonly after: RowIdentity | undefined;
}

type Parameters = Readonly<Record<string, string | undefined>>;

const OF_RANGE = ['key', 'from', 'to'];

/**
 * `key`, `from` and `to` of a query; all are optional.
 * @throws QueryFailed `invalid-parameter`, also for any other parameter
 */
export function parseRange(parameters: Parameters): ParsedRange {
  refuseUnknown(parameters, OF_RANGE);
  return rangeOf(parameters);
}

/** The same with `limit` and `cursor`. */
export function parsePage(parameters: Parameters): ParsedPage {
  refuseUnknown(parameters, [...OF_RANGE, 'limit', 'cursor']);
  const {limit, cursor} = parameters;
  const rows = limit === undefined ? LIMIT_DEFAULT : Number(limit);
  if (!Number.isInteger(rows) || rows < 1 || rows > LIMIT_MAX) {
    throw invalid('limit', `a whole number from 1 to ${LIMIT_MAX}`);
  }
  const after = cursor === undefined ? undefined : decodeCursor(cursor);
  if (cursor !== undefined && after === undefined) throw invalid('cursor', 'one of this view');
  return {...rangeOf(parameters), limit: rows, after};
}

/** A parameter that nobody reads would be taken for one that was obeyed. @throws QueryFailed `invalid-parameter` */
export function refuseUnknown(parameters: Parameters, known: readonly string[]): void {
  const unknown = Object.keys(parameters).filter((name) => !known.includes(name));
  if (unknown.length === 0) return;
  const detail = `unknown parameters: ${unknown.join(', ')}; known are: ${known.join(', ') || 'none'}`;
  throw new QueryFailed({code: 'invalid-parameter', detail});
}

function rangeOf({key, from, to}: Parameters): ParsedRange {
  const fromMs = from === undefined ? -MAX_TIME_MS : parseTime(from);
  if (fromMs === undefined) throw invalid('from', 'RFC 3339 or milliseconds');
  const toMs = to === undefined ? MAX_TIME_MS : parseTime(to);
  if (toMs === undefined) throw invalid('to', 'RFC 3339 or milliseconds');
  return {key, fromMs, toMs};
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

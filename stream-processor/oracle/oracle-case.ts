import * as z from 'zod';
import {ForebayError, toError} from '../../src/lib/errors.ts';

/**
 * A case file: a window or a join, the events of one partition in the order of their arrival, and what Kafka Streams does
 * with them. Fields that are not listed are allowed and mean nothing here.
 */
const Duration = z.int().min(0);
const Length = z.int().min(1);
const Fields = z.record(z.string(), z.unknown());
export type Fields = z.infer<typeof Fields>;

const TumblingWindow = z.object({
  type: z.literal('tumbling'),
  sizeMs: Length,
  graceMs: Duration,
});
const HoppingWindow = z.object({
  type: z.literal('hopping'),
  sizeMs: Length,
  advanceMs: Length,
  graceMs: Duration,
});
const SessionWindow = z.object({
  type: z.literal('session'),
  gapMs: Length,
  graceMs: Duration,
});

/** A field's numbers, or how many values it has. */
const FieldAggregate = z.object({
  name: z.string(),
  op: z.enum(['sum', 'min', 'max', 'avg', 'distinct']),
  field: z.string(),
});
const Count = z.object({
  name: z.string(),
  op: z.literal('count'),
  /** Events that have it and not as `null`; without it, all events. */
  field: z.string().nullish(),
});
const Percentile = z.object({
  name: z.string(),
  op: z.literal('percentile'),
  field: z.string(),
  p: z.number().min(0).max(1),
});
const CaseAggregate = z.discriminatedUnion('op', [FieldAggregate, Count, Percentile]);
export type CaseAggregate = z.infer<typeof CaseAggregate>;

const CaseEvent = z.object({
  key: z.string().nullish(),
  ts: z.int(),
  type: z.string().nullish(),
  value: Fields.nullish(),
});
export type CaseEvent = z.infer<typeof CaseEvent>;

const Outcome = z.object({
  results: z.array(Fields),
  dropped: z.array(Fields).default([]),
});
export type Outcome = z.infer<typeof Outcome>;

const common = {
  events: z.array(CaseEvent),
  /** What of `expected` must be equal. Default: all of it. */
  comparable: z.enum(['exact', 'values', 'quirk']).default('exact'),
  expected: Outcome.optional(),
  /** Where Kafka Streams is no model: what is to be equal instead. */
  recommended: Outcome.optional(),
};
const WindowCase = z.object({
  ...common,
  type: z.literal('window'),
  window: z.discriminatedUnion('type', [TumblingWindow, HoppingWindow, SessionWindow]),
  emit: z.enum(['final', 'update']),
  aggregates: z.array(CaseAggregate),
});
export type WindowCase = z.infer<typeof WindowCase>;
const JoinCase = z.object({
  ...common,
  type: z.literal('join'),
  join: z.enum(['inner', 'left', 'outer']),
  leftType: z.string(),
  rightType: z.string(),
  beforeMs: Duration,
  afterMs: Duration,
  graceMs: Duration,
});
export type JoinCase = z.infer<typeof JoinCase>;
const OracleCase = z.discriminatedUnion('type', [WindowCase, JoinCase]);
export type OracleCase = z.infer<typeof OracleCase>;

/** @throws ForebayError `ORACLE_CASE_INVALID` that lists what is wrong with the file. */
export function parseCase(text: string): OracleCase {
  const parsed = OracleCase.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  throw invalid(z.prettifyError(parsed.error));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw invalid(toError(error).message);
  }
}

function invalid(message: string): ForebayError {
  return new ForebayError({
    code: 'ORACLE_CASE_INVALID',
    message,
    hint: 'stream-processor/oracle/oracle-case.ts has the form of a case file',
  });
}

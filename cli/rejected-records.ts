import * as z from 'zod';
import {fromUtf8} from '../src/lib/bytes.ts';
import {DeadLetter} from '../src/protocol/dead-letter.ts';
import {TopicNames} from '../src/protocol/topics.ts';
import {rejectedStreamOf} from '../src/record/shard.ts';
import {DEAD_LETTER_HEADER, RECEIVED_HEADER, REJECTED_HEADER} from '../src/record/kafka-headers.ts';
import {usageError} from './cli-error.ts';
import {oneStream} from './one-stream.ts';
import {topicRecords} from './topic-records.ts';
import type {VerbCall, VerbOption} from './verb.ts';

const Issues = z.array(z.object({pointer: z.string(), detail: z.string(), code: z.string()}));

/** A record of `<stream>.rejected`, or a dead letter: one that its stream's topic did not take. */
export interface RejectedRecord {
  readonly id: string;
  readonly receivedMs: number;
  readonly issues: z.infer<typeof Issues>;
  readonly value: Uint8Array | null;
  readonly headers: ReadonlyMap<string, string>;
}

/** Options of verbs that choose among rejected records. */
export const REJECTED_OPTIONS = {
  reason: {
    type: 'string',
    value: 'CODE',
    description: 'only those with this code among their issues',
  },
  since: {
    type: 'string',
    value: 'TIME',
    description: 'only those received then (RFC 3339) or later',
  },
  id: {type: 'string', value: 'ID', description: 'only the one with this id'},
  'dead-letters': {
    type: 'boolean',
    description: 'what was accepted and Kafka did not take, instead of what was rejected',
  },
} as const satisfies Readonly<Record<string, VerbOption>>;

/** The rejected records, or the dead letters, of the stream the call names: those its options choose. */
export async function* rejectedRecords(
  verb: string,
  call: VerbCall,
): AsyncGenerator<RejectedRecord> {
  const stream = oneStream(verb, call);
  const isChosen = filterOf(verb, call);
  const {settings} = call;
  const names = new TopicNames(settings.topicPrefix, '');
  const topic = wantsDeadLetters(call)
    ? names.deadLetters(stream)
    : names.data(rejectedStreamOf(stream));
  for await (const {headers, value} of topicRecords(settings.kafka(), topic)) {
    const texts = new Map(headers.map(([name, bytes]) => [name, fromUtf8(bytes)]));
    const record = {
      id: texts.get('ce_id') ?? '',
      receivedMs: Date.parse(texts.get(RECEIVED_HEADER) ?? ''),
      issues: wantsDeadLetters(call)
        ? refusalOf(texts.get(DEAD_LETTER_HEADER))
        : issuesOf(texts.get(REJECTED_HEADER)),
      value,
      headers: texts,
    };
    if (isChosen(record)) yield record;
  }
}

export function wantsDeadLetters({options}: Pick<VerbCall, 'options'>): boolean {
  return options['dead-letters'] === true;
}

function filterOf(verb: string, {options}: VerbCall): (record: RejectedRecord) => boolean {
  const {reason, since, id} = options;
  const sinceMs = since === undefined ? -Infinity : Date.parse(String(since));
  if (Number.isNaN(sinceMs)) throw usageError(verb, `--since ${String(since)} is no time`);
  return (record) =>
    (reason === undefined || record.issues.some(({code}) => code === reason)) &&
    (id === undefined || record.id === id) &&
    !(record.receivedMs < sinceMs);
}

/** A record of another maker is listed without a reason rather than not at all. */
function issuesOf(json: string | undefined): z.infer<typeof Issues> {
  try {
    return Issues.parse(JSON.parse(json ?? '[]'));
  } catch {
    return [];
  }
}

/** As an issue of the whole record. */
function refusalOf(json: string | undefined): z.infer<typeof Issues> {
  try {
    const {code, reason} = DeadLetter.parse(JSON.parse(json ?? ''));
    return [{code, pointer: '#', detail: reason}];
  } catch {
    return [];
  }
}

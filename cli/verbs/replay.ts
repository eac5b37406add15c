import {toBase64} from '../../src/lib/bytes.ts';
import {deadLetterDedupe} from '../../src/protocol/dead-letter.ts';
import {isReplayedHeader, MAX_REPLAY_EVENTS} from '../../src/protocol/replay.ts';
import type {ReplayEvent} from '../../src/protocol/replay.ts';
import {DEDUPE_HEADER} from '../../src/record/kafka-headers.ts';
import {gatewayRequest, TOLD_BY_EVENT} from '../gateway-request.ts';
import {replayCounts} from '../replay-counts.ts';
import type {ReplayCounts} from '../replay-counts.ts';
import {wantsDeadLetters, REJECTED_OPTIONS, rejectedRecords} from '../rejected-records.ts';
import type {RejectedRecord} from '../rejected-records.ts';
import type {Verb, VerbCall, VerbResult} from '../verb.ts';

/** Of values in one request; in base64 they are a third larger, and a request has at most 10 MiB. */
const MAX_REQUEST_VALUE_BYTES = 6_000_000;

export const replay: Verb = {
  name: 'replay',
  summary:
    "Sends rejected events, or dead letters, once more, to be checked by the schema as it is now. Sent twice within the stream's dedupeWindowMs, each is added once.",
  usage: ['STREAM [--dead-letters] [--reason CODE] [--since TIME] [--id ID] [--dry-run]'],
  options: {
    ...REJECTED_OPTIONS,
    'dry-run': {type: 'boolean', description: 'only count what would be sent'},
  },
  async run(call) {
    if (call.options['dry-run'] === true) return countOnly(call);
    const sent = await sendAll(call);
    const {accepted, duplicates, rejected, retry, read} = sent;
    return {
      json: sent,
      isFailure: retry > 0,
      lines: [
        `${read} ${nounOf(call)} read`,
        `${accepted} added, ${duplicates} were there already, ${rejected} are still not valid`,
        ...(retry > 0
          ? [`${retry} could not be stored now`, 'next: the same again in a moment']
          : []),
      ],
    };
  },
};

function nounOf(call: VerbCall): string {
  return wantsDeadLetters(call) ? 'dead letters' : 'rejected events';
}

type Sent = ReplayCounts & {readonly read: number};

async function countOnly(call: VerbCall): Promise<VerbResult> {
  let read = 0;
  for await (const _ of rejectedRecords('replay', call)) read += 1;
  return {json: {read}, lines: [`${read} ${nounOf(call)} would be sent`]};
}

async function sendAll(call: VerbCall): Promise<Sent> {
  const total = {read: 0, accepted: 0, duplicates: 0, rejected: 0, retry: 0};
  for await (const batch of batches(rejectedRecords('replay', call))) {
    const counts = await sendBatch(call, batch);
    total.read += batch.length;
    total.accepted += counts.accepted;
    total.duplicates += counts.duplicates;
    total.rejected += counts.rejected;
    total.retry += counts.retry;
  }
  return total;
}

async function* batches(records: AsyncIterable<RejectedRecord>): AsyncGenerator<RejectedRecord[]> {
  let batch: RejectedRecord[] = [];
  let bytes = 0;
  for await (const record of records) {
    const size = record.value?.byteLength ?? 0;
    if (batch.length === MAX_REPLAY_EVENTS || bytes + size > MAX_REQUEST_VALUE_BYTES) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(record);
    bytes += size;
  }
  if (batch.length > 0) yield batch;
}

async function sendBatch(
  {positionals, settings}: VerbCall,
  batch: readonly RejectedRecord[],
): Promise<ReplayCounts> {
  // What a stream rejected can be a dead letter, too; it is an event of that stream all the same.
  const stream = positionals[0]!.replace(/\.rejected$/, '');
  const answer = await gatewayRequest(
    {
      url: `${settings.gatewayUrl}/admin/v1/replay`,
      method: 'POST',
      key: settings.adminKey(),
      json: {stream, events: await Promise.all(batch.map(eventOf))},
    },
    TOLD_BY_EVENT,
  );
  return replayCounts(answer);
}

async function eventOf({id, value, headers}: RejectedRecord): Promise<ReplayEvent> {
  return {
    id,
    dedupe: headers.get(DEDUPE_HEADER) ?? (await deadLetterDedupe(headers)),
    value: value === null ? null : toBase64(value),
    headers: [...headers].filter(([name]) => isReplayedHeader(name)),
  };
}

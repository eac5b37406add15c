import {isReplayedHeader, ReplayRequest} from '../../src/protocol/replay.ts';
import type {ReplayEvent} from '../../src/protocol/replay.ts';
import {fromBase64} from '../../src/lib/bytes.ts';
import {dataOf} from '../accept/data-of.ts';
import {contextOf} from '../accept/record-context.ts';
import type {EventAttributes, ReceivedEvent} from '../accept/received-event.ts';
import {storeEvents} from '../accept/store-events.ts';
import {counted} from '../accept/store-submission.ts';
import {readRequest} from '../admin/read-request.ts';
import {recordAudit} from '../audit/record-audit.ts';
import {batchAnswer} from '../answer/batch-answer.ts';
import {Problem} from '../answer/problem.ts';
import type {Call} from '../route.ts';
import {ReplayIds} from './replay-ids.ts';

/** Checks rejected events by the schema as it is now and appends those that are valid, each once. */
export async function acceptReplay(call: Call): Promise<Response> {
  const {gateway, request, scope} = call;
  const {stream: name, events} = await readRequest(call, ReplayRequest);
  const stream = gateway.streams.get(name);
  if (stream === undefined)
    throw new Problem('not-found', 'there is no such stream in the pipeline of this gateway');
  await recordAudit(call, {
    action: 'events.replay',
    target: name,
    before: null,
    after: {events: events.length, firstId: events[0]!.id},
  });
  const delivery = {
    stream,
    events: events.map(receivedEvent),
    ids: new ReplayIds(events),
    context: contextOf(gateway, {headers: request.headers, stream: name}),
    source: `/v1/streams/${name}`,
    eventType: name,
    onInvalid: 'leave' as const,
  };
  const fates = await counted(gateway, name, () => storeEvents(delivery, gateway, scope));
  return batchAnswer(fates, {isFull: true});
}

function receivedEvent({value, headers}: ReplayEvent): ReceivedEvent {
  const attributes = attributesOf(headers.filter(([header]) => isReplayedHeader(header)));
  if (value === null) return {bytes: null, value: undefined, issue: null, attributes};
  const bytes = fromBase64(value) ?? new Uint8Array();
  return {bytes, attributes, ...dataOf(attributes.contentType, bytes)};
}

function attributesOf(headers: ReplayEvent['headers']): EventAttributes {
  const {ce_source: source, ce_type: type, ce_time: time, ...rest} = Object.fromEntries(headers);
  const {'content-type': contentType, ...others} = rest;
  const timeMs = Date.parse(time ?? '');
  return {
    ...(source === undefined ? {} : {source}),
    ...(type === undefined ? {} : {type}),
    ...(contentType === undefined ? {} : {contentType}),
    ...(Number.isNaN(timeMs) ? {} : {timeMs}),
    headers: Object.entries(others),
  };
}

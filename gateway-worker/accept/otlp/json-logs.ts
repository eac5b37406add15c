import {Problem} from '../../answer/problem.ts';
import {MAX_REQUEST_EVENTS} from '../../limits.ts';
import {elementSlices, memberSlices} from '../json-slices.ts';
import {splitEvents} from '../split-events.ts';
import {contextOf} from './log-in-context.ts';
import type {Envelope, JsonObject, LogInContext} from './log-in-context.ts';

/** The log records of an export in OTLP/JSON, each as it came. Members that OTLP does not know are kept. */
export function* jsonLogs(body: Uint8Array): Generator<LogInContext> {
  const {events, isSingle} = splitEvents(body, 'json');
  const [event] = events;
  if (!isSingle || event?.issue !== null || !isObject(event.value))
    throw new Problem('invalid-request', 'an export is a JSON object');
  const request = envelopeOf({bytes: event.bytes!, value: event.value});
  for (const ofResource of objectsIn(request, 'resourceLogs')) {
    const resourceLogs = envelopeOf(ofResource);
    for (const ofScope of objectsIn(resourceLogs, 'scopeLogs')) {
      const scopeLogs = envelopeOf(ofScope);
      // Only of scopes with a record: a context is a copy of its resource, and empty scopes are tiny and many.
      let context: JsonObject | null = null;
      for (const record of objectsIn(scopeLogs, 'logRecords')) {
        context ??= contextOf({resourceLogs, scopeLogs});
        yield {record, context};
      }
    }
  }
}

function envelopeOf({bytes, value}: JsonObject): Envelope {
  return {value, members: memberSlices(bytes)};
}

/** The objects of a list; none when it is missing or `null`. */
function* objectsIn({value, members}: Envelope, name: string): Generator<JsonObject> {
  const list = value[name];
  const bytes = members.get(name);
  if (bytes === undefined || list === null) return;
  if (!Array.isArray(list))
    throw new Problem('invalid-request', `${name} of the export is not an array`);
  // Before anything is made of them: millions of empty objects fit in one body.
  if (list.length > MAX_REQUEST_EVENTS)
    throw new Problem('too-many-events', `${name} has over ${MAX_REQUEST_EVENTS} elements`);
  const slices = elementSlices(bytes);
  for (const [index, element] of (list as readonly unknown[]).entries()) {
    if (!isObject(element))
      throw new Problem('invalid-request', `${name} ${index} of the export is not an object`);
    yield {bytes: slices[index]!, value: element};
  }
}

function isObject(value: unknown): value is JsonObject['value'] {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

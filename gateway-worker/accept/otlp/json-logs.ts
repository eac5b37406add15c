import {isJsonObject} from '../../../src/lib/is-json-object.ts';
import {Problem} from '../../answer/problem.ts';
import {MAX_REQUEST_EVENTS} from '../../limits.ts';
import {envelopeMembers} from '../envelope-members.ts';
import {elementSlices} from '../json-slices.ts';
import {readJsonObject} from '../read-json-object.ts';
import type {JsonObject} from '../read-json-object.ts';
import {contextOf} from './log-in-context.ts';
import type {Envelope, LogInContext} from './log-in-context.ts';

/** Of an export, empty ones too: each costs something, and a body could hold millions. */
const MAX_SCOPES = 2 * MAX_REQUEST_EVENTS;

/** The log records of an export in OTLP/JSON, each as it came. Members that OTLP does not know are kept. */
export function* jsonLogs(body: Uint8Array): Generator<LogInContext> {
  const whole = readJsonObject(body);
  if (whole === null) throw new Problem('invalid-request', 'an export is a JSON object');
  const request = envelopeOf(whole);
  let scopes = 0;
  for (const ofResource of objectsIn(request, 'resourceLogs')) {
    const resourceLogs = envelopeOf(ofResource);
    for (const ofScope of objectsIn(resourceLogs, 'scopeLogs')) {
      scopes += 1;
      if (scopes > MAX_SCOPES)
        throw new Problem('too-many-events', `an export has at most ${MAX_SCOPES} scopeLogs`);
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
  return {value, members: envelopeMembers(bytes)};
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
    if (!isJsonObject(element))
      throw new Problem('invalid-request', `${name} ${index} of the export is not an object`);
    yield {bytes: slices[index]!, value: element};
  }
}

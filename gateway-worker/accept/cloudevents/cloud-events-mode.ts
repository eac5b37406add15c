import {Problem} from '../../answer/problem.ts';
import {isUtf8} from '../body-form.ts';

/** CloudEvents HTTP binding 1.0.2 §3: where an event's attributes and data are. */
export type CloudEventsMode = 'binary' | 'structured' | 'batched';

const CLOUD_EVENTS_TYPE = /^\s*application\/cloudevents/i;
const FORMATS: ReadonlyMap<string, CloudEventsMode> = new Map([
  ['application/cloudevents+json', 'structured'],
  ['application/cloudevents-batch+json', 'batched'],
]);

/**
 * `null`: these are no CloudEvents.
 * @throws Problem `unsupported-media-type` for CloudEvents in a format other than JSON in UTF-8
 */
export function cloudEventsModeOf(
  contentType: string | null,
  specVersion: string | null,
): CloudEventsMode | null {
  if (contentType === null || !CLOUD_EVENTS_TYPE.test(contentType))
    return specVersion === null ? null : 'binary';
  const [type, ...parameters] = contentType.toLowerCase().split(';');
  const mode = FORMATS.get(type!.trim());
  if (mode !== undefined && isUtf8(parameters)) return mode;
  const known = [...FORMATS.keys()].join(', ');
  throw new Problem('unsupported-media-type', `CloudEvents come as ${known}, in UTF-8`, {
    headers: {accept: known},
  });
}

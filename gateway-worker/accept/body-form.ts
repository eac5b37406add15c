import {Problem} from '../answer/problem.ts';
import type {BodyForm} from './split-events.ts';

const FORMS: ReadonlyMap<string, BodyForm> = new Map([
  ['application/json', 'json'],
  ['application/x-ndjson', 'ndjson'],
  ['application/jsonl', 'ndjson'],
]);

/** @throws Problem `unsupported-media-type` for any other type, and for JSON in another charset than UTF-8 */
export function bodyFormOf(contentType: string | null): BodyForm {
  const [type, ...parameters] = (contentType ?? '').toLowerCase().split(';');
  const form = FORMS.get(type!.trim());
  if (form !== undefined && isUtf8(parameters)) return form;
  throw new Problem(
    'unsupported-media-type',
    `Content-Type may be ${[...FORMS.keys()].join(', ')}, in UTF-8`,
    {headers: {accept: [...FORMS.keys()].join(', ')}},
  );
}

/** @throws Problem `unsupported-media-type` for any type but JSON in UTF-8 */
export function requireJson(headers: Headers): void {
  if (bodyFormOf(headers.get('content-type')) !== 'json')
    throw new Problem('unsupported-media-type', 'Content-Type is application/json', {
      headers: {accept: 'application/json'},
    });
}

/** By the parameters of a media type, in lower case. */
export function isUtf8(parameters: readonly string[]): boolean {
  const charset = parameters.map((text) => text.trim()).find((text) => text.startsWith('charset='));
  return charset === undefined || /^charset="?utf-8"?$/.test(charset);
}

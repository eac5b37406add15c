import {mediaTypeOf} from '../../../src/record/parse-value.ts';
import {Problem} from '../../answer/problem.ts';

/** How a request is written, and so how it is answered. */
export type OtlpForm = 'json' | 'protobuf';

export const MEDIA_TYPES: Readonly<Record<OtlpForm, string>> = {
  json: 'application/json',
  protobuf: 'application/x-protobuf',
};

/** `null` for a media type that OTLP/HTTP does not have. */
export function otlpFormOf(contentType: string | null): OtlpForm | null {
  const type = mediaTypeOf(contentType ?? '');
  if (type === MEDIA_TYPES.json) return 'json';
  return type === MEDIA_TYPES.protobuf ? 'protobuf' : null;
}

export function unknownForm(): Problem {
  const types = Object.values(MEDIA_TYPES).join(', ');
  return new Problem('unsupported-media-type', `Content-Type may be ${types}`, {
    headers: {accept: types},
  });
}

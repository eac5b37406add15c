import {must} from '../../src/lib/assert.ts';
import type {RecordContext} from '../../src/record/codec.ts';
import type {Gateway} from '../gateway.ts';
import {traceContextOf} from './trace-context.ts';

export interface ContextOptions {
  /** Of the request. */
  readonly headers: Headers;
  readonly stream: string;
}

/** What all records of a request have in common, whatever its events are. */
export function contextOf(gateway: Gateway, {headers, stream}: ContextOptions): RecordContext {
  const schema = must(
    gateway.pipeline.schemaFingerprints.get(stream),
    'a stream has a fingerprint',
  );
  const {traceparent, tracestate} = traceContextOf(headers, gateway.randomBytes);
  return {
    receivedMs: gateway.nowMs(),
    headers: [
      ['traceparent', traceparent],
      ...(tracestate === null ? [] : [['tracestate', tracestate] as const]),
      ['forebay_schema', schema],
    ],
  };
}

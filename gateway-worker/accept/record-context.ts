import {must} from '../../src/lib/assert.ts';
import type {HeaderToEncode, RecordContext} from '../../src/record/codec.ts';
import type {Gateway} from '../gateway.ts';
import {traceContextOf} from './trace-context.ts';

export interface ContextOptions {
  /** Of the request. */
  readonly headers: Headers;
  readonly stream: string;
  /** `ce_source` */
  readonly source: string;
  /** `ce_type` */
  readonly eventType: string;
}

/** Every event is kept as the JSON it came as, whatever form the body had. */
const CONTENT_TYPE: HeaderToEncode = ['content-type', 'application/json'];

/** What all records of a request have in common. */
export function contextOf(gateway: Gateway, options: ContextOptions): RecordContext {
  const {headers, stream, source, eventType} = options;
  const schema = must(
    gateway.pipeline.schemaFingerprints.get(stream),
    'a stream has a fingerprint',
  );
  const {traceparent, tracestate} = traceContextOf(headers, gateway.randomBytes);
  return {
    receivedMs: gateway.nowMs(),
    headers: [
      ['ce_source', source],
      ['ce_type', eventType],
      CONTENT_TYPE,
      ['traceparent', traceparent],
      ...(tracestate === null ? [] : [['tracestate', tracestate] as const]),
      ['forebay_schema', schema],
    ],
  };
}

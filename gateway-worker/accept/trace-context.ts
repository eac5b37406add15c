import {hex} from '../../src/lib/bytes.ts';
import {MAX_TRACESTATE_CHARS} from '../limits.ts';

/** W3C Trace Context: https://www.w3.org/TR/trace-context/ */
export interface TraceContext {
  readonly traceparent: string;
  readonly tracestate: string | null;
}

/** Version 00, or a later one that begins like it (§3.2.4). All-zero ids are invalid. */
const TRACEPARENT =
  /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})(?:-.*)?$/;
const TRACESTATE = /^[\x20-\x7e]+$/;
const TRACE_ID_BYTES = 16;
const SPAN_ID_BYTES = 8;
/** A trace that begins here is recorded. */
const SAMPLED = '01';

/** The sender's trace with a span of our own; a new trace when it sent none or an invalid one (and then no state). */
export function traceContextOf(
  headers: Headers,
  random: (bytes: number) => Uint8Array,
): TraceContext {
  const parent = headers.get('traceparent');
  const match = parent === null ? null : TRACEPARENT.exec(parent);
  if (match === null) {
    const ids = hex(random(TRACE_ID_BYTES + SPAN_ID_BYTES));
    const traceId = ids.slice(0, TRACE_ID_BYTES * 2);
    return {
      traceparent: `00-${traceId}-${ids.slice(TRACE_ID_BYTES * 2)}-${SAMPLED}`,
      tracestate: null,
    };
  }
  const state = headers.get('tracestate');
  return {
    traceparent: `00-${match[1]!}-${hex(random(SPAN_ID_BYTES))}-${match[2]!}`,
    tracestate:
      state !== null && state.length <= MAX_TRACESTATE_CHARS && TRACESTATE.test(state)
        ? state
        : null,
  };
}

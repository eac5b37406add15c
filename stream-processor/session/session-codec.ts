/**
 * A session as its store keeps it.
 *
 *   session := f64 startMs · f64 endMs · states       states: see window/aggregate-columns.ts
 */
import {assert} from '../../src/lib/assert.ts';
import type {ValueCodec} from '../state/state-store.ts';
import type {AggregateColumns, States} from '../window/aggregate-columns.ts';

/** From its first event to its last, both inclusive. */
export interface Session {
  readonly startMs: number;
  readonly endMs: number;
  readonly states: States;
}

const HEAD_BYTES = 16;

export function sessionCodec(columns: AggregateColumns): ValueCodec<Session> {
  return {
    encode({startMs, endMs, states}) {
      const body = columns.encode(states);
      const bytes = Buffer.allocUnsafe(HEAD_BYTES + body.length);
      bytes.writeDoubleBE(startMs);
      bytes.writeDoubleBE(endMs, 8);
      bytes.set(body, HEAD_BYTES);
      return bytes;
    },
    decode(value) {
      assert(value.length >= HEAD_BYTES, 'a session has its times');
      const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
      const states = columns.decode(value.subarray(HEAD_BYTES));
      return {startMs: view.getFloat64(0), endMs: view.getFloat64(8), states};
    },
  };
}

import {throwOnCode} from './broker-error.ts';
import type {RawRequest} from './broker-link.ts';

export interface ProducerIdentity {
  readonly producerId: bigint;
  readonly producerEpoch: number;
}

export const NO_IDENTITY: ProducerIdentity = {producerId: -1n, producerEpoch: -1};

const API_KEY = 22;
/** The first with an error of its own for a fenced producer; flexible (KIP-482). kafkajs 2.2.4 ends at 1. */
const VERSION = 4;
/** Timeout, identity and the tagged fields. */
const FIXED_BYTES = 15;

/**
 * InitProducerId. Without an identity it fences every older owner. With its own identity a producer only moves
 * itself on to the next epoch: a newer owner's epoch refuses it (KIP-360).
 */
export function initProducerRequest(
  transactionalId: string,
  timeoutMs: number,
  identity: ProducerIdentity,
): RawRequest<ProducerIdentity> {
  const id = Buffer.from(transactionalId);
  const length = unsignedVarint(id.length + 1);
  // The header's tagged fields come first: the library writes the header without them.
  const body = Buffer.concat([Buffer.from([0]), length, id, Buffer.alloc(FIXED_BYTES)]);
  let at = 1 + length.length + id.length;
  at = body.writeInt32BE(timeoutMs, at);
  at = body.writeBigInt64BE(identity.producerId, at);
  at = body.writeInt16BE(identity.producerEpoch, at);
  body.writeInt8(0, at); // no tagged fields
  return {apiKey: API_KEY, apiVersion: VERSION, apiName: 'InitProducerId', body, decode};
}

function decode(payload: Buffer): ProducerIdentity {
  // The header's tagged fields (one byte: none), then the throttle time.
  throwOnCode(payload.readInt16BE(5));
  return {producerId: payload.readBigInt64BE(7), producerEpoch: payload.readInt16BE(15)};
}

function unsignedVarint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  bytes.push(rest);
  return Buffer.from(bytes);
}

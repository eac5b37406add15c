import {kafkaApiName} from './kafka-apis.ts';
import type {Direction, Frame, Splitter} from './proxy.ts';
import {transactionalIdOf} from './transactional-id.ts';

/** Requests without an answer (acks=0) stay in the table; the oldest leave it. */
const MAX_UNANSWERED = 10_000;
/** Shorter or longer than this is no Kafka, TLS perhaps: its bytes pass as they are. */
const MIN_BYTES = {request: 10, answer: 4} as const;
const MAX_BYTES = 200_000_000;

/**
 * Kafka's frames: INT32 size, then INT16 api key, INT16 version, INT32 correlation id, client id in a request, and the
 * correlation id alone in an answer (protocol guide).
 */
export function kafkaFrames(): Splitter {
  const held: Record<Direction, Buffer> = {request: Buffer.alloc(0), answer: Buffer.alloc(0)};
  const unanswered = new Map<number, Omit<Frame, 'bytes'>>();
  const readRequest = (bytes: Buffer): Frame => {
    const transactionalId = transactionalIdOf(bytes);
    const known = {
      name: kafkaApiName(bytes.readInt16BE(4)),
      ...(transactionalId === undefined ? {} : {transactionalId}),
    };
    unanswered.set(bytes.readInt32BE(8), known);
    if (unanswered.size > MAX_UNANSWERED) unanswered.delete(unanswered.keys().next().value!);
    return {bytes, ...known};
  };
  const readAnswer = (bytes: Buffer): Frame => {
    const correlation = bytes.readInt32BE(4);
    const known = unanswered.get(correlation) ?? {name: 'bytes'};
    unanswered.delete(correlation);
    return {bytes, ...known};
  };
  return {
    split(direction, chunk) {
      const frames: Frame[] = [];
      let bytes = held[direction].length === 0 ? chunk : Buffer.concat([held[direction], chunk]);
      while (bytes.length >= 4) {
        const size = bytes.readInt32BE(0);
        if (size < MIN_BYTES[direction] || size > MAX_BYTES) {
          frames.push({bytes, name: 'bytes'});
          bytes = Buffer.alloc(0);
          break;
        }
        const end = 4 + size;
        if (bytes.length < end) break;
        const frame = bytes.subarray(0, end);
        frames.push(direction === 'request' ? readRequest(frame) : readAnswer(frame));
        bytes = bytes.subarray(end);
      }
      held[direction] = bytes;
      return frames;
    },
    rest: (direction) => held[direction],
  };
}

import type {RawPacket} from './packet-splitter.ts';

const PUBLISH = 3;
const QOS_FLAGS = 6;

/** A PUBLISH that gets a PUBACK. */
export function isAnswered({type, flags}: RawPacket): boolean {
  return type === PUBLISH && (flags & QOS_FLAGS) !== 0;
}

/** A partition's sequence numbers go from 0 to 2^31 - 1 and then start again at 0 (KIP-98). */
const SEQUENCES = 2 ** 31;

/** The sequence number of the record before which a producer has sent `count` others to its partition in its epoch. */
export function sequenceAfter(count: number): number {
  return count % SEQUENCES;
}

/**
 * Whether an event is dated so far ahead of its receipt that it must move no time. Decided by what is in the log, so every
 * life of a task decides alike.
 *
 * What is left to a device whose clock is wrong by less: it moves the time of its partition up to `maxAheadMs` ahead of the
 * newest receipt, once. Until receipts have caught up with that, at most `maxAheadMs` later, other events of the partition
 * whose windows closed by it are late: counted and in the late topic, not lost. Other partitions' windows are not touched.
 * A stream whose devices keep good time should therefore set it to minutes.
 */
export function isTooFarAhead(
  eventTimeMs: number,
  receivedMs: number,
  maxAheadMs: number,
): boolean {
  return eventTimeMs - receivedMs > maxAheadMs;
}

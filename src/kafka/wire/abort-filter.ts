/**
 * Which batches of a fetch a read_committed reader may see.
 *
 * A broker answers a read_committed fetch with everything up to the last stable offset, aborted batches
 * included, and a list of the aborted transactions that overlap it. The reader does the rest (KIP-98).
 * The list is in the order in which the transactions ended, names a producer once per aborted transaction,
 * and covers transactions whose marker lies beyond this fetch.
 */
export interface AbortedTransaction {
  readonly producerId: bigint;
  readonly firstOffset: bigint;
}

export interface FilteredBatch {
  readonly lastOffset: bigint;
  readonly producerId: bigint;
  readonly isTransactional: boolean;
  /** A control batch holds a transaction marker and no data. It is the attribute that says so, never a record's key. */
  readonly isControl: boolean;
}

/**
 * The data batches that are not part of an aborted transaction. `batches` are in offset order and hold one
 * producer's records each; of a control batch, any marker of a producer ends its aborted range.
 */
export function committedBatches<T extends FilteredBatch>(
  batches: readonly T[],
  aborted: readonly AbortedTransaction[],
): readonly T[] {
  const pending = aborted.toSorted((a, b) => (a.firstOffset < b.firstOffset ? -1 : 1));
  const aborting = new Set<bigint>();
  const committed: T[] = [];
  let next = 0;
  for (const batch of batches) {
    for (; next < pending.length; next++) {
      const range = pending[next];
      if (range === undefined || range.firstOffset > batch.lastOffset) break;
      aborting.add(range.producerId);
    }
    // A producer has one transaction at a time, so its next marker after the range began ends the range.
    if (batch.isControl) aborting.delete(batch.producerId);
    else if (!batch.isTransactional || !aborting.has(batch.producerId)) committed.push(batch);
  }
  return committed;
}

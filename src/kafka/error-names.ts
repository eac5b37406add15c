/** What Kafka's names of errors say of a producer and of a record, to both adapters. */

/** A newer producer owns this transactional id, or the coordinator ended ours. */
export const FENCED_NAMES: readonly string[] = [
  'PRODUCER_FENCED',
  'INVALID_PRODUCER_EPOCH',
  'INVALID_PRODUCER_ID_MAPPING',
  'TRANSACTION_COORDINATOR_FENCED',
];

/**
 * This record will never be taken, whoever sends it and whenever. CORRUPT_MESSAGE is not among them: a checksum that does
 * not fit is about the way the bytes came.
 */
export const REFUSED_NAMES: readonly string[] = [
  'MESSAGE_TOO_LARGE',
  'RECORD_LIST_TOO_LARGE',
  'INVALID_RECORD',
  'INVALID_TIMESTAMP',
];

/**
 * Every bound of the drain in one table, so that its memory and its waits can be added up.
 *
 * Memory, however many shards there are and whatever Kafka does:
 *
 *   what shards sent, not decoded or in a transaction   MAX_HELD_BYTES, twice for buffers being received       128 MB
 *   records decoded: 8 tasks, each a transaction under way and one collected, of MAX_TRANSACTION_RECORDS + a turn
 *                                                        64,000 of up to 2.5 KB, and V8's slack                 250 MB
 *   batches encoded for Kafka, at most one send of each task, and its copy in the socket                          64 MB
 *   Node, the program and the pipeline                                                                         150 MB
 *
 * The parts never peak together. `MAX_RSS_BYTES` is the cap that is promised, and a test holds a drain to it.
 */
export const MAX_RSS_BYTES = 536_870_912;
/**
 * How V8's heap may grow: the old generation by a quarter before garbage is looked for, where it would grow fourfold when
 * there is memory; the young one not at all, where it would double up to 130 MB as long as what is in it survives, which
 * records that wait for Kafka do.
 */
export const V8_HEAP_FLAGS = ['--heap-growing-percent=25', '--semi-space-growth-factor=1'] as const;

/** One Kafka transaction. Bytes are soft by one frame, records by one turn. */
export const MAX_TRANSACTION_BYTES = 4_194_304;
export const MAX_TRANSACTION_RECORDS = 3_000;
/** What a shard may add to a transaction before the next one has its turn. */
export const MAX_TURN_RECORDS = 1_000;

/** What a shard may send ahead of what Kafka has committed. */
export const MAX_SHARD_CREDIT_BYTES = 4_194_304;
/** The same for all shards of the pipeline together, as if this process owned every one of them. */
export const MAX_PROCESS_CREDIT_BYTES = 33_554_432;
/** What the process keeps of it: a shard may send one frame past its credit, and with many shards that is not little. */
export const MAX_HELD_BYTES = 67_108_864;

/** After this the broker aborts what an owner left open; until then it holds up every read_committed reader. */
export const TRANSACTION_TIMEOUT_MS = 10_000;
/** Below the broker's timeout, so that what is late here is late for a reason of its own. */
export const TRANSACT_DEADLINE_MS = 8_000;
/** Aborts of one batch in a row; then the producer is suspect and the task starts at the fence. */
export const MAX_ABORTS = 8;

export const FENCE_DEADLINE_MS = 30_000;
export const RESTORE_DEADLINE_MS = 30_000;
export const RESTORE_POLL_MS = 500;

/** From the start of the WebSocket handshake to the shard's `welcome`. */
export const WELCOME_DEADLINE_MS = 10_000;
/**
 * A link that said nothing for so long is opened anew: a TCP peer that vanished without a word looks like a shard with
 * nothing to say, and only the next `welcome` tells them apart.
 */
export const LINK_IDLE_MS = 120_000;
/** A link that held so long was good: the next reconnect starts with the shortest wait again. */
export const LINK_PROVEN_MS = 10_000;

/** Of one try to prepare the topics, or to join the group. */
export const KAFKA_STEP_DEADLINE_MS = 60_000;
export const SESSION_TIMEOUT_MS = 6_000;
/** An owner that was not fenced for so long has won: its next quarrel starts with the shortest wait again. */
export const FENCE_CALM_MS = 300_000;

/** Waits between tries, in milliseconds: the first, and what they grow to. */
export const BACKOFF = {
  /** A task after an unknown outcome. */
  task: {firstMs: 100, maxMs: 5_000},
  /** A task after it was fenced: two owners by mistake must not fence each other hot. */
  fenced: {firstMs: 1_000, maxMs: 60_000},
  /** The same records again after an abort. */
  abort: {firstMs: 20, maxMs: 1_000},
  /** Kafka at start, and the group. */
  kafka: {firstMs: 200, maxMs: 5_000},
  link: {firstMs: 100, maxMs: 5_000},
  /** Someone else reads this shard now, most likely its new owner. */
  superseded: {firstMs: 2_000, maxMs: 30_000},
  /** Kafka takes neither a record nor its dead letter: someone has to alter a topic. */
  refused: {firstMs: 2_000, maxMs: 60_000},
  /** The shard lost records: waiting changes nothing, so look seldom. */
  rolledBack: {firstMs: 5_000, maxMs: 60_000},
} as const;

/** How long the tasks may take to finish their transactions when the process stops; leaving the group takes up to 5 s more. */
export const STOP_TASKS_DEADLINE_MS = 4_000;

/** Credit of one shard when a process may have to hold `shardCount` of them. */
export function shardCreditBytes(shardCount: number): number {
  const share = Math.floor(MAX_PROCESS_CREDIT_BYTES / Math.max(1, shardCount));
  return Math.min(MAX_SHARD_CREDIT_BYTES, share);
}

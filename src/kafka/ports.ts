/**
 * The Kafka port: everything Forebay's programs ask of a Kafka cluster, and nothing else.
 *
 * Two habits of this port carry the exactly-once promise:
 * - A transaction is one call. Records go in, one `TransactionOutcome` comes out. After anything but
 *   `committed` or `aborted` the producer is dead and its owner starts over by opening a new one under
 *   the same transactional id, which fences the old one (KIP-98), and by reading back what was committed.
 * - Positions are never kept in a consumer group. They are records in the same transaction as the data
 *   they describe, so a reader needs partitions and offsets, not a group.
 */

/** A header's value is bytes; names may repeat in Kafka, and their order is kept. */
export type KafkaHeader = readonly [name: string, value: Uint8Array];

/** A record to be produced to an explicit partition: the client never chooses one. */
export interface OutgoingRecord {
  readonly topic: string;
  readonly partition: number;
  readonly key: Uint8Array | null;
  /** `null` is a tombstone. */
  readonly value: Uint8Array | null;
  readonly headers: readonly KafkaHeader[];
  readonly timestampMs: number;
}

export interface IncomingRecord {
  readonly offset: bigint;
  readonly timestampMs: number;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: readonly KafkaHeader[];
}

/**
 * - `committed`: all records are, or will be, visible to read_committed readers.
 * - `aborted`: none is and none ever will be; the producer may be used again. `isRefused` says that the broker took
 *   exception to a record itself (too large, not valid for its topic): the same records will be refused again.
 * - `unknown`: nobody here can tell. The producer is dead.
 * - `fenced`: a newer owner opened the same transactional id. The producer is dead, and so is its owner's claim.
 */
export type TransactionOutcome =
  | {readonly kind: 'committed'}
  | {readonly kind: 'aborted'; readonly error: Error; readonly isRefused: boolean}
  | {readonly kind: 'unknown'; readonly error: Error}
  | {readonly kind: 'fenced'; readonly error: Error};

export interface FencedProducer {
  /**
   * Produces all records in one transaction, in the given order per partition, and commits it.
   * Never throws for anything the broker or the network did; throws if called twice at once or after death.
   * `deadlineMs` bounds the whole call; what is not finished by then is `unknown`.
   */
  transact(records: readonly OutgoingRecord[], deadlineMs: number): Promise<TransactionOutcome>;
  close(): Promise<void>;
}

/** What one poll brought for one partition. Records are in offset order; aborted ones never appear. */
export interface PartitionBatch {
  readonly topic: string;
  readonly partition: number;
  readonly records: readonly IncomingRecord[];
  /** Where the next poll of this partition continues; past control and aborted records, so it can move while `records` is empty. */
  readonly nextOffset: bigint;
  /** Offset up to which everything is decided; a read_committed reader is at the end when `nextOffset` reaches it. */
  readonly lastStableOffset: bigint;
}

/** A group-less read_committed reader with its own abort filter and manual positions. */
export interface CommittedReader {
  /** Starts or moves a partition. An offset outside the log makes the next poll throw `KAFKA_OFFSET_OUT_OF_RANGE`. */
  assign(topic: string, partition: number, offset: bigint): void;
  unassign(topic: string, partition: number): void;
  /** Waits up to `maxWaitMs` for data on any assigned partition; partitions without news are left out. Retries leader changes itself. */
  poll(maxWaitMs: number): Promise<readonly PartitionBatch[]>;
  /** Ends a poll that is under way and releases the connections. */
  close(): Promise<void>;
}

/**
 * Membership in a consumer group whose "partitions" are units of ownership, without consuming anything.
 * Static (`instanceId`, KIP-345), so that a killed replica that comes back under its name owns again at once.
 */
export interface GroupMember {
  /** Sorted partition numbers per topic this member owns now; empty until the first join. */
  readonly assignment: ReadonlyMap<string, readonly number[]>;
  /** Leaves for good: the partitions move to others at once. */
  leave(): Promise<void>;
  /** Stops heartbeating but keeps the static membership: the partitions wait for this name until the session ends. */
  close(): Promise<void>;
}

export interface JoinGroupOptions {
  readonly groupId: string;
  readonly instanceId: string;
  readonly topics: readonly string[];
  readonly sessionTimeoutMs: number;
  /** Called after every rebalance with the whole new assignment. */
  readonly onAssignment: (assignment: ReadonlyMap<string, readonly number[]>) => void;
  /** Membership is lost and could not be regained: the owner must stop its work and join again. */
  readonly onLost: (error: Error) => void;
}

export interface TopicSpec {
  readonly name: string;
  readonly partitions: number;
  /** Topic configuration by Kafka's own names, e.g. `cleanup.policy`. */
  readonly config: Readonly<Record<string, string>>;
}

export interface TopicInfo {
  readonly name: string;
  readonly partitions: number;
  readonly config: Readonly<Record<string, string>>;
}

export interface TopicAdmin {
  /** Creates what is missing (replication factor: the broker's default) and waits until every partition has a leader. */
  createTopics(specs: readonly TopicSpec[]): Promise<void>;
  /** Topics that are not there are no error. */
  deleteTopics(names: readonly string[]): Promise<void>;
  /** Missing topics are left out. */
  describeTopics(names: readonly string[]): Promise<readonly TopicInfo[]>;
  /** First offset still in the log. */
  earliestOffset(topic: string, partition: number): Promise<bigint>;
  /** The last stable offset: where a read_committed reader is at the end. */
  stableEndOffset(topic: string, partition: number): Promise<bigint>;
  /** All partitions of a topic in one request. */
  stableEndOffsets(topic: string): Promise<readonly bigint[]>;
  close(): Promise<void>;
}

export interface Kafka {
  /**
   * Fences every older owner of `transactionalId` and finishes what it left open (InitProducerId, KIP-98).
   * `timeoutMs` is the broker's transaction timeout. Resolves only when the door is closed.
   */
  openFencedProducer(transactionalId: string, timeoutMs: number): Promise<FencedProducer>;
  openReader(options?: {
    readonly maxBytes?: number;
    readonly maxPartitionBytes?: number;
  }): Promise<CommittedReader>;
  joinGroup(options: JoinGroupOptions): Promise<GroupMember>;
  openAdmin(): Promise<TopicAdmin>;
}

/** The adapters of this port; both pass the same conformance suite. */
export type KafkaClient = 'platformatic' | 'kafkajs';

export type KafkaSasl =
  | {
      readonly mechanism: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512';
      readonly username: string;
      readonly password: string;
    }
  /** RFC 7628; `token` is asked for a bearer token (RFC 6750) whenever a connection authenticates. */
  | {readonly mechanism: 'OAUTHBEARER'; readonly token: () => Promise<string>};

export interface KafkaTls {
  /** PEM of the authorities to trust instead of the system's. */
  readonly ca?: string;
  /** PEM of a client certificate and its private key, for a cluster that asks for one. */
  readonly cert?: string;
  readonly key?: string;
}

export interface KafkaOptions {
  /** Default: platformatic. */
  readonly client?: KafkaClient | undefined;
  readonly brokers: readonly string[];
  readonly clientId: string;
  readonly tls?: KafkaTls | undefined;
  readonly sasl?: KafkaSasl | undefined;
}

/**
 * What each layer says of its positions, and what the console makes of them. All counts are records, all ages
 * milliseconds; `null` means not known.
 *
 * Changes: 1 first version. 2 shards with the gateway's version; a task's last error; positions of a task that does not
 * run; problems. 3 dead letters. 4 the processor's tasks by root, with their worker threads; a note.
 */
import * as z from 'zod';

/** One shard of the gateway. */
export const ShardStatus = z.object({
  shard: z.string(),
  firstSeq: z.number(),
  nextSeq: z.number(),
  /** Waiting here: appended and not yet trimmed. */
  records: z.number(),
  bytes: z.number(),
  oldestAgeMs: z.number(),
  drainConnected: z.boolean(),
  rejectedKept: z.number(),
  overflowed: z.number(),
  /** Ids a repeated event would be known by, and how many left before their window had passed, ever. */
  seenIds: z.number().optional(),
  idsForgottenEarly: z.number().optional(),
});
export type ShardStatus = z.infer<typeof ShardStatus>;

/** Gateway, `GET /admin/v1/shards`. */
export const ShardsDocument = z.object({
  /** A gateway of version 1 tells neither. */
  version: z.string().optional(),
  /** Fingerprint of the pipeline it runs. */
  pipeline: z.string().optional(),
  shards: z.array(ShardStatus),
});
export type ShardsDocument = z.infer<typeof ShardsDocument>;

export const DrainShardStatus = z.object({
  shard: z.string(),
  connected: z.boolean(),
  /** Last seq this drain has in memory or beyond. */
  receivedSeq: z.number().nullable(),
  /** Last seq known to be committed in Kafka. */
  committedSeq: z.number().nullable(),
  /** Received time of the oldest record in memory and not committed. */
  oldestInFlightMs: z.number().nullable(),
  /** Records of this incarnation that Kafka did not take, all of them in `<stream>.dead-letter`. */
  deadLetters: z.number().optional(),
});
export type DrainShardStatus = z.infer<typeof DrainShardStatus>;

/** Drain, `GET /status`. */
export const DrainStatus = z.object({
  replica: z.string(),
  version: z.string(),
  pipeline: z.string(),
  tasks: z.array(
    z.object({
      task: z.number(),
      state: z.enum(['fencing', 'restoring', 'draining', 'waiting', 'stopped']),
      shards: z.array(DrainShardStatus),
    }),
  ),
  committedRecords: z.number(),
  lastError: z.string().nullable(),
});
export type DrainStatus = z.infer<typeof DrainStatus>;

/**
 * Processor, `GET /status`: one entry for every topic that a task reads, with the offsets of that topic. A task that does
 * not run tells where its last life ended and where the input ends now; `null` before its first life.
 */
export const ProcessorStatus = z.object({
  replica: z.string(),
  version: z.string(),
  pipeline: z.string(),
  tasks: z.array(
    z.object({
      /** `<group>.<partition>`; a processor before version 4 does not tell, nor its worker thread. */
      task: z.string().optional(),
      worker: z.number().optional(),
      /** Or the name of a repartition topic. */
      stream: z.string(),
      partition: z.number(),
      state: z.enum(['fencing', 'restoring', 'running', 'waiting', 'stopped']),
      /** While it restores: records read back, of about so many. */
      restoring: z.object({read: z.number(), of: z.number()}).nullable().optional(),
      /** Next offset to apply. */
      appliedOffset: z.number().nullable(),
      /** Next offset after what is committed: results, changelog and position. */
      committedOffset: z.number().nullable(),
      /** Where a read_committed reader is at the end. */
      stableEndOffset: z.number().nullable(),
      /** What is not applied was received then or later. */
      appliedReceivedMs: z.number().nullable(),
      /** Received time of the oldest record applied and not committed. */
      oldestUncommittedMs: z.number().nullable(),
      watermarkMs: z.number().nullable(),
      /** These two are of the whole task and only in the first of its entries, so that they can be added up. */
      lateRecords: z.number(),
      openWindows: z.number(),
      /** Why it does not run, or what it tries again. */
      lastError: z.string().nullable().default(null),
    }),
  ),
  appliedRecords: z.number(),
  /** Its worker threads: how work and state are spread. */
  workers: z
    .array(
      z.object({
        worker: z.number(),
        tasks: z.number(),
        standbys: z.number(),
        records: z.number(),
        /** Of all stores: one per key and window, more or less. */
        stateEntries: z.number(),
        heapBytes: z.number(),
        /** Time it was not waiting, since its start. */
        busyMs: z.number(),
      }),
    )
    .optional(),
  /** Worth knowing and not wrong, e.g. that there is nothing for it to do. */
  note: z.string().nullable().optional(),
  /** What is wrong now. */
  lastError: z.string().nullable(),
});
export type ProcessorStatus = z.infer<typeof ProcessorStatus>;

/** Lag of one stage: what waits before it has done its part; `null` while any of its positions or ages is not known. */
export const StageStatus = z.object({
  /** Records a second through this stage since the last look; `null` on the first. */
  rate: z.number().nullable(),
  lagRecords: z.number().nullable(),
  lagSeconds: z.number().nullable(),
});
export type StageStatus = z.infer<typeof StageStatus>;

/**
 * Console, `GET /v1/status`: one document over all layers. A stage whose layer did not answer is `null`.
 * - `buffer`: accepted and not yet received by the drain · `drain`: received and not yet committed in Kafka
 * - `processor`: in the topic and not yet applied · `result`: applied and not yet committed with its results
 */
export const StatusDocument = z.object({
  /** One sentence: is it keeping up, and if not, where does it wait and for how long. */
  verdict: z.string(),
  /** What stands still, is nobody's, or runs another pipeline than the rest: a sentence each, the worst first. */
  problems: z.array(z.string()),
  /** When the layers were asked, milliseconds since the epoch. */
  at: z.number(),
  pipeline: z.object({name: z.string(), fingerprint: z.string()}),
  stages: z.object({
    buffer: StageStatus.nullable(),
    drain: StageStatus.nullable(),
    processor: StageStatus.nullable(),
    result: StageStatus.nullable(),
  }),
  shards: z.array(
    ShardStatus.extend({
      /** Of the drain that has this shard; `null` when none says so. */
      receivedSeq: z.number().nullable(),
      committedSeq: z.number().nullable(),
      drainReplica: z.string().nullable(),
    }),
  ),
  partitions: z.array(
    ProcessorStatus.shape.tasks.element.extend({
      lagRecords: z.number().nullable(),
      replica: z.string(),
    }),
  ),
  streams: z.array(
    z.object({
      name: z.string(),
      owner: z.string(),
      description: z.string(),
      partitions: z.number(),
      views: z.array(z.string()),
      /** Records in the buffer, accepted and rejected. */
      bufferedRecords: z.number().nullable(),
      /** In the topic and not applied; `null` as well when no view reads the stream. */
      unappliedRecords: z.number().nullable(),
    }),
  ),
  versions: z.array(
    z.object({
      part: z.enum(['gateway', 'drain', 'processor', 'console']),
      replica: z.string(),
      version: z.string(),
      pipeline: z.string(),
    }),
  ),
  lastErrors: z.array(
    z.object({
      part: z.enum(['gateway', 'drain', 'processor']),
      replica: z.string(),
      message: z.string(),
    }),
  ),
});
export type StatusDocument = z.infer<typeof StatusDocument>;

import type {MessagePort} from 'node:worker_threads';
import type {LogFields, LogLevel} from '../../src/telemetry/log.ts';

/** `owner`: works on the task. `standby`: only follows its changelog, to be quick when it becomes the owner. */
export type Role = 'owner' | 'standby';

/** What the main thread tells a worker, wherever that runs: see worker-hosts.ts. */
export type ToWorker =
  | {readonly kind: 'begin'; readonly task: string; readonly role: Role}
  | {readonly kind: 'end'; readonly task: string}
  | {readonly kind: 'stop'};

/** What a worker tells the main thread. */
export type FromWorker =
  /** All that the task had open here is closed: another may begin it. */
  | {readonly kind: 'ended'; readonly task: string}
  | {
      readonly kind: 'log';
      readonly level: LogLevel;
      readonly sentence: string;
      readonly fields: LogFields | undefined;
    }
  /** No retry mends it. */
  | {
      readonly kind: 'fatal';
      readonly code: string;
      readonly message: string;
      readonly hint: string | undefined;
    }
  /** All tasks have ended. */
  | {readonly kind: 'stopped'};

/** The first that a worker is told. */
export interface WorkerStart {
  readonly worker: number;
  /** Where other replicas reach this one's queries. */
  readonly queryUrl: string;
  /** `ToWorker` comes over it, `FromWorker` goes. */
  readonly control: MessagePort;
  /** Requests come over it: see tunnel-frames.ts. */
  readonly tunnel: MessagePort;
}

import type {ProcessorStatus} from '../../src/protocol/status.ts';

/** What a worker says of itself when it is asked: `GET /report` through its tunnel. */
export interface WorkerReport {
  readonly tasks: ProcessorStatus['tasks'];
  readonly worker: NonNullable<ProcessorStatus['workers']>[number];
  /** Of streams. Those of repartition topics are counted with the worker's records only. */
  readonly appliedRecords: number;
  /** Why it hears nothing of Kafka, in words; `null` when it does. */
  readonly kafkaProblem: string | null;
}

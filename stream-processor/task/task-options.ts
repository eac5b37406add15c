import type {Pipeline} from '../../src/define/pipeline.ts';
import type {TaskGroup} from '../../src/define/topology.ts';
import type {Kafka, OutgoingRecord, TopicAdmin} from '../../src/kafka/ports.ts';
import type {Clock} from '../../src/lib/clock.ts';
import type {ForebayError} from '../../src/lib/errors.ts';
import type {TopicNames} from '../../src/protocol/topics.ts';
import type {Log} from '../../src/telemetry/log.ts';
import type {Commit} from './commit.ts';
import type {ProcessorMetrics} from '../status/processor-metrics.ts';
import type {InTurn} from '../restore/restore-turns.ts';

/** The unit of ownership: one partition of a group's roots. */
export interface TaskUnit {
  readonly group: TaskGroup;
  readonly partition: number;
}

/** Told of every commit, so that live queries can show it. Neither may throw or wait. Groups are told by their names. */
export interface CommitListener {
  /** The commit is in Kafka, the processor still shows the state before it. */
  committing(commit: Commit, partition: number): void;
  /** The processor shows the state after it. */
  committed(group: string): void;
  /** What the tasks of a group can show has changed as a whole: a task came, went, or starts over. */
  changed(group: string): void;
}

export interface TaskOptions extends TaskUnit {
  readonly kafka: Kafka;
  readonly admin: TopicAdmin;
  readonly pipeline: Pipeline;
  readonly names: TopicNames;
  readonly checkpointPath: string;
  /** Shared by the tasks of a process. */
  readonly inTurn: InTurn;
  readonly clock: Clock;
  readonly random: () => number;
  readonly newId: () => string;
  readonly log: Log;
  readonly metrics: ProcessorMetrics;
  readonly listener: CommitListener;
  /** What is committed with the task's restore mark, right behind its fence. */
  readonly restoreRecords: (nowMs: number) => readonly OutgoingRecord[];
  /** Errors no retry mends. */
  readonly onFatal: (error: ForebayError) => void;
}

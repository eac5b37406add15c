import type {AnyStream} from '../src/define/stream.ts';
import type {TumblingView} from '../src/define/view.ts';
import type {Kafka, TopicAdmin} from '../src/kafka/ports.ts';
import type {Clock} from '../src/lib/clock.ts';
import type {ForebayError} from '../src/lib/errors.ts';
import type {TopicNames} from '../src/protocol/topics.ts';
import type {Log} from '../src/telemetry/log.ts';
import type {Commit} from './commit.ts';
import type {ProcessorMetrics} from './processor-metrics.ts';
import type {InTurn} from './restore/restore-turns.ts';

/** The unit of ownership: one partition of one stream. */
export interface TaskUnit {
  readonly stream: AnyStream;
  readonly partition: number;
}

/** Told of every commit, so that live queries can show it. Neither may throw or wait. */
export interface CommitListener {
  /** The commit is in Kafka, the processor still shows the state before it. */
  committing(commit: Commit): void;
  /** The processor shows the state after it. */
  committed(stream: string): void;
  /** What the tasks of a stream can show has changed as a whole: a task came, went, or starts over. */
  changed(stream: string): void;
}

export interface TaskOptions extends TaskUnit {
  readonly kafka: Kafka;
  readonly admin: TopicAdmin;
  readonly views: readonly TumblingView[];
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
  /** Errors no retry mends. */
  readonly onFatal: (error: ForebayError) => void;
}

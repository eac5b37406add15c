import type {TopicAdmin} from '../../src/kafka/ports.ts';
import type {Clock} from '../../src/lib/clock.ts';
import {describeError} from '../../src/lib/errors.ts';
import {sleep} from '../../src/lib/sleep.ts';
import type {TopicNames} from '../../src/protocol/topics.ts';
import {rootTopic} from '../event/root-topic.ts';
import type {Task} from './task.ts';

const INTERVAL_MS = 1_000;
/** Silence of Kafka after which it counts as away. A leader's election is shorter. */
const AWAY_MS = 5_000;

export interface InputWatchOptions {
  readonly admin: TopicAdmin;
  readonly names: TopicNames;
  readonly tasks: () => readonly Task[];
  readonly clock: Clock;
}

/**
 * Asks Kafka every second where the input ends: readers hide a Kafka that is away by trying again, and a lag that is only
 * known from what was read would be none at all then.
 */
export class InputWatch {
  readonly #options: InputWatchOptions;
  #answeredMs: number;
  #lastError = 'it does not answer';

  constructor(options: InputWatchOptions) {
    this.#options = options;
    this.#answeredMs = options.clock.nowMs();
  }

  /** In words, while Kafka is away. */
  get problem(): string | null {
    const silentMs = this.#options.clock.nowMs() - this.#answeredMs;
    return silentMs < AWAY_MS ? null : `Kafka is away: ${this.#lastError}`;
  }

  async run(signal: AbortSignal): Promise<void> {
    const {clock} = this.#options;
    while (!signal.aborted) {
      try {
        await this.#look();
        this.#answeredMs = clock.nowMs();
      } catch (error) {
        this.#lastError = describeError(error);
      }
      await sleep(INTERVAL_MS, signal);
    }
  }

  async #look(): Promise<void> {
    const {admin, names, tasks} = this.#options;
    const readers = tasks().flatMap((task) => task.unit.group.roots.map((root) => ({root, task})));
    for (const [topic, ofTopic] of Map.groupBy(readers, ({root}) => rootTopic(root, names))) {
      const ends = await admin.stableEndOffsets(topic);
      for (const {root, task} of ofTopic) {
        task.noteInputEnd(root.name, ends[task.unit.partition] ?? 0n);
      }
    }
  }
}

import type {CommittedReader, Kafka, TopicAdmin} from '../../src/kafka/ports.ts';
import {backoffMs} from '../../src/lib/backoff.ts';
import {describeError} from '../../src/lib/errors.ts';
import {sleep} from '../../src/lib/sleep.ts';
import type {TopicNames} from '../../src/protocol/topics.ts';
import type {Log} from '../../src/telemetry/log.ts';
import {readOwner, type Owner} from './owner-record.ts';

const POLL_MS = 1_000;
const RETRY_FIRST_MS = 200;
const RETRY_MAX_MS = 5_000;

export interface OwnerMapOptions {
  readonly kafka: Kafka;
  readonly names: TopicNames;
  readonly log: Log;
  readonly random: () => number;
}

/**
 * The last owner that each task announced: the whole topic, followed to its end and on. It may be behind or name someone
 * who is gone; whoever is asked in vain says so, and the question is asked again.
 */
export class OwnerMap {
  readonly #options: OwnerMapOptions;
  readonly #owners = new Map<string, Owner>();

  constructor(options: OwnerMapOptions) {
    this.#options = options;
  }

  of(task: string): Owner | undefined {
    return this.#owners.get(task);
  }

  /** Names of the replicas that own a task. */
  replicas(): ReadonlySet<string> {
    return new Set([...this.#owners.values()].map(({replica}) => replica));
  }

  /** Follows the topic until the signal; begins again from its start whenever it cannot be read. */
  async run(admin: TopicAdmin, signal: AbortSignal): Promise<void> {
    const {kafka, names, log, random} = this.#options;
    for (let attempt = 0; !signal.aborted; attempt++) {
      let reader: CommittedReader | undefined;
      try {
        reader = await kafka.openReader();
        reader.assign(names.owners(), 0, await admin.earliestOffset(names.owners(), 0));
        while (!signal.aborted) {
          await this.#poll(reader);
          attempt = 0;
        }
      } catch (error) {
        log.warn('the owners cannot be read; trying again', {reason: describeError(error)});
        const waitMs = backoffMs(attempt, {firstMs: RETRY_FIRST_MS, maxMs: RETRY_MAX_MS, random});
        await sleep(waitMs, signal);
      } finally {
        await reader?.close().catch(() => {});
      }
    }
  }

  async #poll(reader: CommittedReader): Promise<void> {
    for (const {records} of await reader.poll(POLL_MS)) {
      for (const record of records) {
        const owner = readOwner(record);
        if (owner !== undefined) this.#owners.set(owner.task, owner);
      }
    }
  }
}

import {TOPIC_MAX_MESSAGE_BYTES} from '../../../src/protocol/topics.ts';
import {alterTopic} from '../../support/alter-topic.ts';
import {between} from '../../support/seeded-random.ts';
import {waitUntil} from '../../support/wait-until.ts';
import {faultOf} from '../faults/fault-of.ts';
import type {FaultMaker} from '../faults/fault.ts';
import {LARGE_BYTES} from './make-events.ts';

/** Brokers may be away by a fault of their own. */
const WIDEN_DEADLINE_MS = 150_000;
const NARROW_MS = [6_000, 15_000] as const;
/** Large events do not fit; any other does, though not with many in one batch. */
const NARROW_BYTES = LARGE_BYTES / 2;

/**
 * An operator makes a topic take smaller records than it must: what does not fit has to become a dead letter and all else
 * has to pass, until the topic is as it was.
 */
export function narrowTopic(options: {
  readonly directBrokers: string;
  readonly topic: string;
}): FaultMaker {
  const kind = 'narrow-topic';
  const set = (bytes: number): Promise<void> =>
    alterTopic(options.directBrokers, options.topic, {'max.message.bytes': String(bytes)});
  return {
    kind,
    part: 'kafka',
    make: (random) =>
      faultOf({
        kind,
        target: options.topic,
        detail: `max.message.bytes ${NARROW_BYTES}`,
        durationMs: between(random, ...NARROW_MS),
        begin: () => set(NARROW_BYTES),
        undo: () => widen(set),
      }),
  };
}

async function widen(set: (bytes: number) => Promise<void>): Promise<void> {
  await waitUntil('the topic to be as it was', WIDEN_DEADLINE_MS, async () => {
    await set(TOPIC_MAX_MESSAGE_BYTES);
    return true;
  });
}

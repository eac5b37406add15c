import {expect, test} from 'vitest';
import {Supervisor} from '../../drain-service/supervisor.ts';
import type {Kafka} from '../../src/kafka/ports.ts';
import {systemClock} from '../../src/lib/clock.ts';
import {TopicNames} from '../../src/protocol/topics.ts';
import {waitUntil} from '../support/wait-until.ts';
import {ModelKafka} from '../support/model-kafka.ts';

const names = new TopicNames('', 'model');
const quiet = {info: () => {}, warn: () => {}, error: () => {}};

/** A group that gives this member these tasks. */
function groupOf(tasks: readonly number[]): Kafka {
  const kafka: Kafka = new ModelKafka({outcome: () => 'committed', delay: async () => {}});
  kafka.joinGroup = async ({onAssignment}) => {
    const assignment = new Map([[names.drainProgress(), tasks]]);
    onAssignment(assignment);
    return {assignment, leave: async () => {}, close: async () => {}};
  };
  return kafka;
}

function supervise(kafka: Kafka): {
  readonly supervisor: Supervisor;
  readonly end: () => Promise<void>;
} {
  const supervisor = new Supervisor({
    kafka,
    names,
    topics: [],
    replica: 'drain-a',
    fixedTasks: null,
    createTask: () => {
      throw new Error('no task is expected');
    },
    onError: () => {},
    log: quiet,
    clock: systemClock,
    random: () => 0,
  });
  const stop = new AbortController();
  const running = supervisor.run(stop.signal);
  return {
    supervisor,
    end: async () => {
      stop.abort();
      await running;
    },
  };
}

test('a replica too many is ready, and says that it stands by', async () => {
  const {supervisor, end} = supervise(groupOf([]));
  expect(supervisor.idleReason(), 'not before it has joined').toBeNull();
  await waitUntil('it to join', 5_000, () => supervisor.notReadyReason() === null);
  expect(supervisor.idleReason()).toContain('stands by');
  await end();
  expect(supervisor.idleReason()).toBeNull();
});

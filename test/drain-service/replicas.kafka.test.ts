/** Replicas that come, go, are killed and get in each other's way, under load: the tasks move, the records do not mind. */
import {Admin} from '@platformatic/kafka';
import {afterEach, expect, test} from 'vitest';
import {TopicNames} from '../../src/protocol/topics.ts';
import type {DrainProcess} from '../support/drain-process.ts';
import {kafkaForTests, uniqueName} from '../support/kafka.ts';
import {startModelRun, type ModelRun} from '../support/model-run.ts';
import {waitUntil} from '../support/wait-until.ts';

const {brokers} = kafkaForTests();
const ORDERS = ['orders/0', 'orders/1', 'orders/2', 'orders/3'];
const ALL_TASKS = '0,1,2,3,4,5,6,7';
/** Session timeout, and what a busy machine adds to it. */
const MOVE_DEADLINE_MS = 40_000;
const LOAD_EVERY_MS = 50;
let run: ModelRun | undefined;
let load: NodeJS.Timeout | undefined;
afterEach(async () => {
  clearInterval(load);
  await run?.end();
  run = undefined;
});

async function start(): Promise<ModelRun> {
  return (run = await startModelRun(brokers, `${uniqueName('drain')}.`));
}

function startLoad(current: ModelRun): void {
  load = setInterval(() => {
    for (const shard of ORDERS) current.append(shard, 10);
  }, LOAD_EVERY_MS);
}

/** Each task with exactly one of them, and that one drains it. */
async function allOwned(drains: readonly DrainProcess[]): Promise<void> {
  await waitUntil('every task to have one owner', MOVE_DEADLINE_MS, async () => {
    const tasks = (await Promise.all(drains.map((drain) => drain.status()))).flatMap(
      (status) => status.tasks,
    );
    const owned = tasks.filter(({state}) => state === 'draining').map(({task}) => task);
    return owned.toSorted((a, b) => a - b).join() === ALL_TASKS && owned.length === tasks.length;
  });
}

async function saysNameIsTaken(drain: DrainProcess): Promise<boolean> {
  return (await drain.status()).lastError?.includes('REPLICA_NAME_TAKEN') === true;
}

/** What the shards hold now is trimmed: somebody drains each of them. */
async function allMoving(current: ModelRun): Promise<void> {
  const before = ORDERS.map((name) => current.gateway.shard(name).nextSeq);
  await waitUntil('every shard to be drained on', MOVE_DEADLINE_MS, () =>
    ORDERS.every((name, index) => current.gateway.shard(name).firstSeq >= before[index]!),
  );
}

test('three replicas are restarted one by one under load, by SIGTERM, kill -9 and a long pause', async () => {
  const current = await start();
  const replicas = ['drain-a', 'drain-b', 'drain-c'].map((name) => current.start(name));
  const [a, b, c] = replicas as [DrainProcess, DrainProcess, DrainProcess];
  await allOwned(replicas);
  startLoad(current);
  await allMoving(current);

  a.kill('SIGTERM');
  expect(await a.exited).toEqual({code: 0, signal: null});
  const a2 = current.start('drain-a');
  await allOwned([a2, b, c]);

  b.kill('SIGKILL');
  await b.exited;
  const b2 = current.start('drain-b');
  await allOwned([a2, b2, c]);

  c.kill('SIGSTOP');
  await allOwned([a2, b2]);
  await allMoving(current);
  c.kill('SIGCONT');
  await allOwned([a2, b2, c]);
  await allMoving(current);
  clearInterval(load);
  await current.expectDelivered('orders');
}, 180_000);

test('two replicas of one name say so, take turns with growing patience, and write nothing twice', async () => {
  const current = await start();
  const first = current.start('drain-a');
  await allOwned([first]);
  for (const shard of ORDERS) current.append(shard, 2_000);
  const second = current.start('drain-a');
  await waitUntil(
    'one to say what is wrong',
    30_000,
    async () => (await saysNameIsTaken(first)) || (await saysNameIsTaken(second)),
  );
  const loser = (await saysNameIsTaken(first)) ? first : second;
  expect(loser.lines.join('\n')).toContain('give each replica a FOREBAY_REPLICA of its own');
  loser.kill('SIGTERM');
  await loser.exited;
  for (const shard of ORDERS) current.append(shard, 100);
  await current.expectDelivered('orders');
}, 120_000);

test('a group that is deleted takes no position with it', async () => {
  const current = await start();
  const killed = current.start('drain-a', {FOREBAY_FAILPOINT: 'before-trim:1'});
  await allOwned([killed]);
  for (const shard of ORDERS) current.append(shard, 100);
  expect((await killed.exited).signal, 'committed, and no shard knows it').toBe('SIGKILL');
  const admin = new Admin({clientId: 'operator', bootstrapBrokers: brokers.split(','), retries: 0});
  const group = new TopicNames(current.prefix, 'drain-test').identity('drain');
  await waitUntil('the group to be empty and deleted', MOVE_DEADLINE_MS, async () => {
    await admin.deleteGroups({groups: [group]});
    return true;
  });
  await admin.close();
  current.start('drain-b');
  await current.expectDelivered('orders');
}, 90_000);

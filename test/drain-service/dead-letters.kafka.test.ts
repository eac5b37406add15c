/** Records a real broker refuses, and a drain that is killed at every step of dealing with them. */
import {afterEach, expect, test} from 'vitest';
import {taskOfShard} from '../../drain-service/task-of-shard.ts';
import {utf8} from '../../src/lib/bytes.ts';
import {TOPIC_MAX_MESSAGE_BYTES} from '../../src/protocol/topics.ts';
import {SeqGuard} from '../../stream-processor/event/seq-guard.ts';
import {alterTopic} from '../support/alter-topic.ts';
import {kafkaForTests, uniqueName} from '../support/kafka.ts';
import {startModelRun, type ModelRun} from '../support/model-run.ts';
import {readTopic, type TopicRecord} from '../support/read-topic.ts';
import {waitUntil} from '../support/wait-until.ts';

const {brokers} = kafkaForTests();
const SHARD = 'orders/1';
let run: ModelRun | undefined;
afterEach(async () => {
  await run?.end();
  run = undefined;
});

async function start(): Promise<ModelRun> {
  return (run = await startModelRun(brokers, `${uniqueName('drain')}.`));
}

/** Appends one request of numbered records; `pattern` tells their sizes, as in `-#-`: small, too large, small. */
function append(current: ModelRun, pattern: string): void {
  const shard = current.gateway.shard(SHARD);
  const first = shard.nextSeq;
  shard.append(
    pattern.split('').map((size, index) => ({
      key: utf8('key'),
      value: utf8(String(first + index).padEnd(size === '#' ? TOPIC_MAX_MESSAGE_BYTES : 10)),
      headers: [],
    })),
  );
}

/** Seqs of all that was appended by these patterns and has this size. */
function seqsOf(patterns: string, size: '-' | '#'): readonly number[] {
  return patterns.split('').flatMap((own, index) => (own === size ? [index + 1] : []));
}

function seqs(records: readonly TopicRecord[]): readonly number[] {
  return records.map(({value, headers, partition}) => {
    expect(partition).toBe(1);
    expect(headers['forebay_seq']).toBe(value!.trim());
    return Number(value);
  });
}

async function drained(current: ModelRun): Promise<void> {
  const shard = current.gateway.shard(SHARD);
  await waitUntil('the shard to be trimmed', 60_000, () => shard.firstSeq === shard.nextSeq);
}

async function judge(current: ModelRun, patterns: string): Promise<void> {
  const topic = `${current.prefix}orders`;
  const [good, bad] = [seqsOf(patterns, '-'), seqsOf(patterns, '#')];
  const data = await readTopic({brokers, topic, atLeast: good.length, deadlineMs: 30_000});
  expect(seqs(data), 'what is small is in its topic').toEqual(good);
  const guard = new SeqGuard();
  for (const {headers} of data) {
    const previousSeq = headers['forebay_previous_seq'];
    const verdict = guard.check({
      shard: headers['forebay_shard'],
      incarnation: headers['forebay_incarnation'],
      seq: Number(headers['forebay_seq']),
      previousSeq: previousSeq === undefined ? undefined : Number(previousSeq),
      time: undefined,
    });
    expect(verdict.kind, `seq ${headers['forebay_seq']} to its reader`).toBe('next');
  }
  const letters = await readTopic({
    brokers,
    topic: `${topic}.dead-letter`,
    atLeast: bad.length,
    deadlineMs: 30_000,
  });
  expect(seqs(letters), 'what is too large is a dead letter').toEqual(bad);
  for (const {headers} of letters)
    expect(JSON.parse(headers['forebay_dead_letter']!)).toMatchObject({code: 'MESSAGE_TOO_LARGE'});
}

const STEPS = [
  ['fence:1', '#--'],
  ['restore:1', '--#'],
  ['fetch:1', '-#-'],
  ['before-transact:1', '##'],
  ['before-transact:3', '-#--'],
  ['after-transact:1', '#-#'],
  ['after-transact:4', '#'],
  ['after-transact:6', '--#-'],
  ['before-trim:2', '-#'],
  ['after-trim:3', '#--#'],
] as const;

test('killed at each step of its work, the drain leaves each record once, in its topic or a dead letter', async () => {
  const current = await start();
  const fixed = {FOREBAY_DRAIN_TASKS: String(taskOfShard(SHARD))};
  let patterns = '';
  for (const [step, pattern] of STEPS) {
    patterns += pattern;
    append(current, pattern);
    const drain = current.start('drain-a', {...fixed, FOREBAY_FAILPOINT: step});
    expect([step, await drain.exited]).toEqual([step, {code: null, signal: 'SIGKILL'}]);
  }
  const drain = current.start('drain-a', fixed);
  await drained(current);
  await judge(current, patterns);
  const shards = (await drain.status()).tasks.flatMap((task) => task.shards);
  expect(
    shards.find(({shard}) => shard === SHARD)?.deadLetters,
    'the count outlives those who counted',
  ).toBe(seqsOf(patterns, '#').length);
});

test('a topic that takes less than a batch, but each record, gets each record', async () => {
  const current = await start();
  const drain = current.start();
  await drain.ready(30_000);
  await alterTopic(brokers, `${current.prefix}orders`, {'max.message.bytes': '2000'});
  current.append('orders/0', 200, 100);
  current.append('orders/2', 200, 100);
  await current.expectDelivered('orders');
  expect(await (await drain.get('/metrics')).text()).not.toContain('drain_dead_letters_total{');
});

test('with a dead letter topic that takes nothing, one shard waits and says so, and the others go on', async () => {
  const current = await start();
  const drain = current.start();
  await drain.ready(30_000);
  const letters = `${current.prefix}orders.dead-letter`;
  await alterTopic(brokers, letters, {'max.message.bytes': '100'});
  append(current, '-#-');
  await waitUntil('the error to be told', 30_000, async () =>
    (await drain.status()).lastError?.includes('DEAD_LETTER_REFUSED'),
  );
  for (const shard of ['orders/0', 'orders/2', 'orders/3']) {
    const other = current.gateway.shard(shard);
    other.append([{key: null, value: utf8('1'), headers: []}]);
    await waitUntil(`${shard} to be drained`, 20_000, () => other.firstSeq === 2);
  }
  expect(current.gateway.shard(SHARD).firstSeq, 'nothing of it is trimmed').toBe(2);
  await alterTopic(brokers, letters, {'max.message.bytes': String(2 * TOPIC_MAX_MESSAGE_BYTES)});
  await drained(current);
  expect(drain.isRunning).toBe(true);
});

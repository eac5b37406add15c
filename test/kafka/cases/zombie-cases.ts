import {spawn} from 'node:child_process';
import {join} from 'node:path';
import {createInterface} from 'node:readline';
import {expect, test} from 'vitest';
import {API} from '../../support/kafka-proxy.ts';
import {
  createTopic,
  readPartition,
  textOf,
  textRecord,
  transact,
} from '../../support/kafka-records.ts';
import {uniqueName} from '../../support/kafka.ts';
import {waitUntil} from '../../support/wait-until.ts';
import type {Lab} from './lab.ts';
import type {ZombieOptions} from './zombie-program.ts';

const TRANSACTION_TIMEOUT_MS = 1_000;
const DEADLINE_MS = 60_000;

function startZombie(options: ZombieOptions) {
  const program = join(import.meta.dirname, 'zombie-program.ts');
  const child = spawn(process.execPath, [program, JSON.stringify(options)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const said: string[] = [];
  createInterface({input: child.stdout}).on('line', (line) => said.push(line));
  return {child, said};
}

/** An owner that is stopped and does not know it. */
export function zombieCases(lab: () => Lab): void {
  test('an owner stopped beyond its transaction timeout holds readers up no longer than that, and is fenced when it goes on', async () => {
    const {client, direct, proxy} = lab();
    const [topic, id] = [uniqueName('zombie'), uniqueName('zombie')];
    await createTopic(direct, topic);
    const timeoutMs = TRANSACTION_TIMEOUT_MS;
    const {child, said} = startZombie({client, brokers: proxy.brokers, topic, id, timeoutMs});
    try {
      await waitUntil('the first commit', DEADLINE_MS, () => said.includes('first committed'));
      const before = proxy.applied.length;
      proxy.inject(API.produce, 'holdAnswer');
      child.stdin.write('go\n');
      await waitUntil('a send in the log', DEADLINE_MS, () => proxy.applied.length > before);
      child.kill('SIGSTOP');
      const admin = await direct.openAdmin();
      // first, its marker, late, and the marker by which the coordinator aborts it.
      await waitUntil('the end of the stall', DEADLINE_MS, async () => {
        return (await admin.stableEndOffset(topic, 0)) === 4n;
      });
      await admin.close();
      const successor = await direct.openFencedProducer(id, DEADLINE_MS);
      const second = await transact(successor, [textRecord(topic, 0, 'second')]);
      expect(second).toEqual({kind: 'committed'});
      child.kill('SIGCONT');
      await waitUntil('the zombie’s word', DEADLINE_MS, () => said.length === 2);
      expect(said[1]).toBe('late fenced');
      const third = await transact(successor, [textRecord(topic, 0, 'third')]);
      expect(third).toEqual({kind: 'committed'});
      await successor.close();
    } finally {
      child.kill('SIGKILL');
    }
    const read = await readPartition({kafka: direct, topic, partition: 0, atLeast: 3});
    expect(read.map(textOf)).toEqual(['first', 'second', 'third']);
  });
}

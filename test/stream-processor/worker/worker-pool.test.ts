/** Tasks in threads: each is open in one place at a time, and a thread that ends is never silent. */
import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import type {Role} from '../../../stream-processor/worker/control.ts';
import {workerHosts} from '../../../stream-processor/worker/worker-hosts.ts';
import {WorkerPool} from '../../../stream-processor/worker/worker-pool.ts';
import {seededRandom} from '../../support/seeded-random.ts';
import {waitUntil} from '../../support/wait-until.ts';

const DEADLINE_MS = 10_000;
const WORKERS = 2;

interface Told {
  readonly sentence: string;
  readonly task: string;
  readonly worker: number;
  readonly role: string;
}

let told: Told[];
let pool: WorkerPool;
beforeEach(() => {
  told = [];
  pool = new WorkerPool({
    workers: WORKERS,
    newHost: workerHosts({
      workers: WORKERS,
      entry: new URL('support/scripted-worker.ts', import.meta.url),
      run: () => Promise.reject(new Error('not here')),
    }),
    queryUrl: 'http://here',
    log: {
      info: (sentence, fields) => void told.push({sentence, ...fields} as unknown as Told),
      warn: () => {},
      error: () => {},
    },
  });
});
afterEach(() => pool.stop());

const owners = (...tasks: string[]): Map<string, Role> =>
  new Map(tasks.map((task) => [task, 'owner']));

function openNow(): ReadonlyMap<string, string> {
  const open = new Map<string, string>();
  for (const {sentence, task, worker, role} of told) {
    if (sentence === 'begin') {
      expect(open.has(task), `${task} begins while it is open elsewhere`).toBe(false);
      open.set(task, `${role} ${worker}`);
    } else open.delete(task);
  }
  return open;
}

describe('a pool of worker threads', () => {
  test('spreads tasks, and moves one only after it has ended where it was', async () => {
    pool.assign(owners('a', 'b', 'c', 'd'));
    await waitUntil('four tasks', DEADLINE_MS, () => openNow().size === 4);
    expect([...openNow().values()].sort()).toEqual(['owner 0', 'owner 0', 'owner 1', 'owner 1']);
    const ofZero = [...openNow()].flatMap(([task, place]) => (place.endsWith('0') ? [task] : []));
    pool.assign(owners(...ofZero));
    await waitUntil('one task each', DEADLINE_MS, () => {
      const places = [...openNow().values()].sort();
      return places.length === 2 && places[0] === 'owner 0' && places[1] === 'owner 1';
    });
  });

  test('ends up with what was wanted last, whatever came between', async () => {
    const random = seededRandom('assignments');
    const names = ['a', 'b', 'c', 'd', 'e'];
    let wanted = new Map<string, Role>();
    for (let round = 0; round < 50; round++) {
      wanted = new Map(
        names.flatMap((task) =>
          random() < 0.3 ? [] : [[task, random() < 0.5 ? 'owner' : 'standby'] as const],
        ),
      );
      pool.assign(wanted);
      if (random() < 0.3) await pool.ask('/');
    }
    await waitUntil('the last assignment', DEADLINE_MS, () => {
      const roles = [...openNow()].map(([task, place]) => [task, place.split(' ')[0]]);
      expect(new Map(roles as [string, Role][])).toEqual(wanted);
      return true;
    });
    for (const name of names) {
      expect(pool.viewsOf(name) !== undefined).toBe(wanted.get(name) === 'owner');
    }
  });

  test('asks every thread', async () => {
    expect(await pool.ask('/')).toEqual(['worker 0', 'worker 1']);
  });

  test('fails when a thread ends, and with an error that no retry mends', async () => {
    pool.assign(owners('crash'));
    await expect(pool.failed).rejects.toMatchObject({
      code: 'WORKER_ENDED',
      message: expect.stringContaining('a bug') as string,
    });
  });

  test('passes on an error that no retry mends', async () => {
    pool.assign(owners('fatal'));
    await expect(pool.failed).rejects.toMatchObject({code: 'VIEW_CHANGED', hint: 'mend'});
  });
});

import {afterEach, describe, expect, test} from 'vitest';
import {ForebayError} from '../../../src/lib/errors.ts';
import type {PartName} from '../../../dev/stack/part.ts';
import {MAX_CRASHES} from '../../../dev/stack/supervisor.ts';
import {waitUntil} from '../../support/wait-until.ts';
import {isAlive, standIn, watchedSupervisor} from './stand-in.ts';

const DEADLINE_MS = 10_000;
const cleanUps: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0)) await cleanUp();
});

function watched() {
  const all = watchedSupervisor();
  cleanUps.push(() => all.supervisor.stop());
  return all;
}

describe('a supervised part', () => {
  test('is started again with a visible line when it is killed', async () => {
    const {supervisor, events, pids} = watched();
    const first = await supervisor.start(standIn('drain'));
    process.kill(first.pid!, 'SIGKILL');
    await waitUntil('the restart', DEADLINE_MS, () =>
      events.some(({kind}) => kind === 'restarted'),
    );
    expect(events.map(({kind}) => kind)).toEqual(['started', 'crashed', 'restarted']);
    expect(events[1]).toMatchObject({part: 'drain', how: 'was ended by SIGKILL'});
    expect(pids).toHaveLength(2);
    expect(isAlive(pids[1]!)).toBe(true);
  });

  test('that keeps crashing ends the supervision after five times', async () => {
    const {supervisor, events} = watched();
    const start = supervisor.start(standIn('processor', {code: 'process.exit(3)'}));
    const failure = await supervisor.failed;
    await start;
    expect(failure).toMatchObject({code: 'STACK_KEEPS_CRASHING'});
    expect(events.filter(({kind}) => kind === 'crashed')).toHaveLength(MAX_CRASHES);
  });

  test('whose crashes are spread over several parts counts the same', async () => {
    const {supervisor, events} = watched();
    const names: PartName[] = ['gateway', 'drain', 'processor', 'console', 'kafka'];
    for (const name of names) await supervisor.start(standIn(name));
    for (const name of names) process.kill(supervisor.process(name)!.pid!, 'SIGKILL');
    expect((await supervisor.failed).message).toContain(
      'console, drain, gateway, kafka, processor',
    );
    expect(events.filter(({kind}) => kind === 'crashed')).toHaveLength(MAX_CRASHES);
  });

  test('that can never work fails the start at once', async () => {
    const {supervisor, events} = watched();
    const error = new ForebayError({code: 'JAVA_MISSING', message: 'no java'});
    const start = supervisor.start({name: 'kafka', start: () => Promise.reject(error)});
    await expect(start).rejects.toBe(error);
    expect(events).toEqual([]);
  });

  test('that fails to start for a passing reason is tried again', async () => {
    const {supervisor, events} = watched();
    let tries = 0;
    const working = standIn('gateway');
    await supervisor.start({
      name: 'gateway',
      start: async (context) => {
        tries += 1;
        if (tries < 3) throw new Error('not yet');
        return working.start(context);
      },
    });
    expect(events.map(({kind}) => kind)).toEqual(['crashed', 'crashed', 'restarted']);
  });
});

describe('a stop', () => {
  test('ends consumers before what they consume from, and leaves no process', async () => {
    const {supervisor, pids} = watched();
    const stopped: string[] = [];
    for (const name of ['kafka', 'gateway', 'drain', 'processor', 'console'] as const) {
      await supervisor.start(standIn(name, {onStop: () => stopped.push(name)}));
    }
    await supervisor.stop();
    expect(stopped).toEqual(['console', 'processor', 'drain', 'gateway', 'kafka']);
    expect(pids).toHaveLength(5);
    expect(pids.filter(isAlive)).toEqual([]);
  });

  test('is not taken for a crash', async () => {
    const {supervisor, events} = watched();
    await supervisor.start(standIn('drain'));
    await supervisor.stop();
    expect(events.map(({kind}) => kind)).toEqual(['started']);
  });

  test('during a start ends the process that start brings', async () => {
    const {supervisor, pids} = watched();
    const gate = Promise.withResolvers<void>();
    const plan = standIn('kafka');
    const start = supervisor.start({
      name: 'kafka',
      start: async (context) => {
        await gate.promise;
        return plan.start(context);
      },
    });
    const stopped = supervisor.stop();
    gate.resolve();
    await expect(start).rejects.toThrow('stopped while kafka started');
    await stopped;
    expect(pids).toHaveLength(1);
    expect(isAlive(pids[0]!)).toBe(false);
  });
});

/**
 * Promises 1, 2 and 3: what was answered 2xx is in Kafka exactly once and in order per key, and in every window once,
 * whatever is killed between the edge and the query. Real workerd, drain, Kafka and processor; only this file's judge is ours.
 */
import {afterEach, expect, inject, test} from 'vitest';
import {
  byKeyAndStart,
  judgeTopic,
  recomputeWindows,
  rowsOf,
  type WindowRow,
} from '../support/judge-delivery.ts';
import {closeWindows, finalRows, startPromiseRun, type PromiseRun} from '../support/promise-run.ts';
import {readTopic} from '../support/read-topic.ts';
import {sendReadings} from '../support/readings-load.ts';
import {seededRandom} from '../support/seeded-random.ts';

const READINGS = 20_000;
const CATCH_UP_DEADLINE_MS = 90_000;

type Part = 'gateway' | 'drain' | 'processor';
/** After which share of the load each part is killed with -9. */
type Schedule = readonly (readonly [share: number, part: Part])[];

let run: PromiseRun | undefined;
afterEach(async () => {
  await run?.stop();
  run = undefined;
});

interface Run {
  readonly name: string;
  readonly schedule: Schedule;
  /** Of a sender between two requests. Short for the gateway: some requests are stored and not yet answered when it dies. */
  readonly pauseMs: number;
}

const runs: readonly Run[] = [
  {
    name: 'the drain and the processor are each killed twice',
    schedule: [
      [0.2, 'drain'],
      [0.4, 'processor'],
      [0.6, 'drain'],
      [0.8, 'processor'],
    ],
    pauseMs: 120,
  },
  {
    name: 'workerd is killed again and again, and unknown answers are sent again under the same id',
    schedule: [
      [0.2, 'gateway'],
      [0.4, 'gateway'],
      [0.6, 'gateway'],
      [0.8, 'gateway'],
    ],
    pauseMs: 5,
  },
];

test.each(runs)(
  '20,000 readings arrive exactly once while $name',
  {timeout: 300_000},
  async ({name, schedule, pauseMs}) => {
    const random = seededRandom(name);
    const current = await startPromiseRun(inject('kafkaBrokers'));
    run = current;
    const {stack} = current;
    const due = [...schedule];
    const killed: Part[] = [];

    const load = await sendReadings({
      url: stack.urls.gateway,
      key: stack.key,
      random,
      readings: READINGS,
      senders: 8,
      pauseMs,
      maxBatch: 100,
      onAcked: (acked) => {
        while (due[0] !== undefined && acked >= due[0][0] * READINGS) {
          const [, part] = due.shift()!;
          process.kill(stack.parts[part].pid()!, 'SIGKILL');
          killed.push(part);
        }
      },
    });
    const closers = await closeWindows(current, load);
    expect(killed).toEqual(schedule.map(([, part]) => part));

    const acked = [...load, ...closers];
    const records = await readTopic({
      brokers: inject('kafkaBrokers'),
      topic: current.topic,
      atLeast: acked.length,
      deadlineMs: CATCH_UP_DEADLINE_MS,
    });
    judgeTopic(records, acked);

    const expected = recomputeWindows(load);
    const queried = await finalRows(current, expected.length, CATCH_UP_DEADLINE_MS);
    expect(queried.map(toWindow).toSorted(byKeyAndStart)).toEqual(expected);
    const results = await readTopic({
      brokers: inject('kafkaBrokers'),
      topic: current.resultTopic,
      atLeast: expected.length,
      deadlineMs: CATCH_UP_DEADLINE_MS,
    });
    expect(rowsOf(results), 'the result topic holds every window once').toEqual(expected);
  },
);

function toWindow(row: Record<string, unknown>): WindowRow {
  const {end: _end, final: _final, ...window} = row;
  return window as unknown as WindowRow;
}

/** `kill -9` at every step of a task's life: results are those of a plain recomputation, each final once. */
import {rmSync} from 'node:fs';
import {afterEach, beforeEach, expect, test} from 'vitest';
import {utf8} from '../../src/lib/bytes.ts';
import type {Failpoint} from '../../src/program/failpoint.ts';
import {partitionOf} from '../../src/record/shard.ts';
import {kafkaForTests, uniqueName} from '../support/kafka.ts';
import {seededRandom} from '../support/seeded-random.ts';
import {closingReadings} from './support/closing-readings.ts';
import {expectMixedResults} from './support/expect-mixed-results.ts';
import {keepSending} from './support/keep-sending.ts';
import {LONG_GRACE_MS} from './support/mixed-views-pipeline.ts';
import {readings, SIZE_MS} from './support/pipeline.ts';
import {ProcessorProcess, temporaryFolder} from './support/processor-process.ts';
import {ReadingProducer} from './support/produce-readings.ts';

const TEST_DEADLINE_MS = 600_000;
/** Of one failpoint; a checkpoint is due every 5 s. */
const REACH_DEADLINE_MS = 120_000;
const STATIONS = 40;

type Step = Extract<Failpoint, `${'processor' | 'transaction'}:${string}`>;

/**
 * At which times a life comes to a step it ends there: all steps there are, in different tasks, early and late. Checkpoints
 * come first, so that there are some to restore from.
 */
const KILLS: Readonly<Record<Step, readonly number[]>> = {
  'processor:checkpoint:begin': [1],
  'processor:checkpoint:write': [3],
  'processor:checkpoint:saved': [4],
  'processor:fenced': [1],
  'processor:marked': [3],
  'processor:restore:load': [2],
  'processor:restored': [4],
  'processor:commit:before': [20],
  'transaction:begun': [2, 50],
  'transaction:produced': [30],
  'processor:restore:changelog': [5],
  'processor:commit:after': [9],
  'processor:commit:marked': [9],
};
/** Lives that begin without the disk of those before. */
const WITHOUT_DISK: ReadonlySet<Step> = new Set<Step>([
  'processor:restore:changelog',
  'processor:commit:marked',
]);

const ofStation = (station: string) => partitionOf(utf8(station), readings.partitions);

let folder: ReturnType<typeof temporaryFolder>;
let running: ProcessorProcess[];
let enough: AbortController;
beforeEach(() => {
  enough = new AbortController();
  folder = temporaryFolder();
  running = [];
});
afterEach(async () => {
  enough.abort();
  await Promise.all(running.map((each) => each.kill()));
  folder.remove();
});

test(
  'kill -9 at every failpoint changes no result',
  async () => {
    const {brokers, kafka} = kafkaForTests();
    const prefix = `${uniqueName('failpoints')}.`;
    const start = async (more: Readonly<Record<string, string>> = {}) => {
      const each = await ProcessorProcess.start({
        brokers,
        prefix,
        stateDir: folder.path,
        pipeline: 'test/stream-processor/support/mixed-views-pipeline.ts',
        // Failpoints are counted in each worker thread.
        more: {FOREBAY_WORKERS: '1', ...more},
      });
      running.push(each);
      return each;
    };
    const first = await start();
    await first.ready();
    const producer = await ReadingProducer.open(kafka, `${prefix}readings`);
    const sending = keepSending({
      producer,
      stations: STATIONS,
      random: seededRandom('failpoints'),
      enough: enough.signal,
    });
    await first.kill();
    for (const [step, times] of Object.entries(KILLS)) {
      for (const time of times) {
        if (WITHOUT_DISK.has(step as Step)) rmSync(folder.path, {recursive: true, force: true});
        const dying = await start({FOREBAY_FAILPOINT: `${step}:${time}`});
        const end = await dying.ended(REACH_DEADLINE_MS).catch(() => 'it was never reached');
        expect(end, `${step}:${time}`).toBe('SIGKILL');
      }
    }
    const last = await start();
    await last.ready();
    enough.abort();
    const all = await sending;
    const closing = closingReadings(all, {
      partitionOf: ofStation,
      afterMs: 2 * (LONG_GRACE_MS + SIZE_MS),
    });
    await producer.send(closing);
    await producer.close();
    await expectMixedResults({brokers, prefix, all, closing, partitionOf: ofStation});
  },
  TEST_DEADLINE_MS,
);

/** What a standby saved is a checkpoint like any other: whoever takes over from it has the state of the topics. */
import {existsSync, mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import * as fc from 'fast-check';
import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import {randomOf} from '../../../dev/random-of.ts';
import {topologyOf} from '../../../src/define/topology.ts';
import type {Kafka} from '../../../src/kafka/ports.ts';
import {openCheckpoint, readRanges} from '../../../stream-processor/restore/open-checkpoint.ts';
import {Follower} from '../../../stream-processor/standby/follower.ts';
import {StandbyTask} from '../../../stream-processor/standby/standby-task.ts';
import type {Checkpoint} from '../../../stream-processor/state/checkpoint.ts';
import {between} from '../../support/seeded-random.ts';
import {waitUntil} from '../../support/wait-until.ts';
import {MemoryKafka} from '../support/memory-kafka.ts';
import {ModelTask, names, PARTITION} from '../support/model-task.ts';
import pipeline from '../support/pipeline.ts';
import {readingRecord} from '../support/produce-readings.ts';
import {randomReadings} from '../support/random-readings.ts';

const DEADLINE_MS = 10_000;
const START_MS = Date.UTC(2026, 0, 1);
const HOUR_MS = 3_600_000;
const [group] = topologyOf(pipeline).groups;
const signal = new AbortController().signal;

let folder: string;
let nowMs: number;
let kafka: MemoryKafka;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'forebay-standby-'));
  nowMs = START_MS;
  kafka = new MemoryKafka();
});
afterEach(() => rmSync(folder, {recursive: true}));

const taskAt = (file: string) =>
  ModelTask.restore({kafka, nowMs: () => nowMs, checkpointPath: join(folder, file)});

function placeOf(file: string) {
  return {
    group: group!,
    partition: PARTITION,
    pipeline,
    names,
    clock: {nowMs: () => nowMs},
    admin: kafka.admin(),
    checkpointPath: join(folder, file),
  };
}

const rowsOf = (task: ModelTask) => pipeline.views.map(({name}) => task.rows(name));

/** Compares a takeover from the standby's file with one from the topics alone, and says what each read back. */
async function expectSame(file: string) {
  const takeover = await taskAt(file);
  const fromTopics = await taskAt(`${file}-new`);
  expect(rowsOf(takeover)).toEqual(rowsOf(fromTopics));
  expect(takeover.offset()).toBe(fromTopics.offset());
  expect(takeover.warnings).toEqual([]);
  takeover.crash();
  fromTopics.crash();
  return {takeover: takeover.readBack, fromTopics: fromTopics.readBack};
}

/** Some readings in the order of their offsets, the same for the same random numbers. */
function recordsOf(random: () => number, count: number) {
  return randomReadings({count, stations: 5, random}).map((reading, at) => ({
    ...readingRecord(reading, {topic: '', seq: at + 1}),
    offset: BigInt(at),
  }));
}

/** A follower whose steps the test chooses. */
class SteppedFollower {
  readonly #file: string;
  #follower!: Follower;
  #checkpoint!: Checkpoint;

  constructor(file: string) {
    this.#file = file;
  }

  async open(): Promise<void> {
    const place = placeOf(this.#file);
    const ranges = await readRanges(place);
    this.#checkpoint = openCheckpoint(place, ranges);
    this.#follower = new Follower({...place, checkpoint: this.#checkpoint, ranges});
    await this.#follower.load(signal);
  }

  /** Up to `limit` records of each topic, which may be half a transaction. */
  async poll(limit: number): Promise<void> {
    for (const {topic, partition, offset} of this.#follower.places) {
      const behind = kafka.records(topic, partition).filter((record) => record.offset >= offset);
      const records = behind.slice(0, limit);
      const end = await kafka.admin().stableEndOffset(topic, partition);
      const nextOffset = behind.length > limit ? records.at(-1)!.offset + 1n : end;
      this.#follower.take({topic, partition, records, nextOffset, lastStableOffset: end});
    }
  }

  save(): Promise<void> {
    return this.#follower.save(nowMs, signal);
  }

  close(): void {
    this.#checkpoint.close();
  }
}

describe('a standby', () => {
  test('saves nothing a takeover could not go on from, whatever it has read and whenever it dies', async () => {
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.integer(), async (seed) => {
        const random = randomOf(seed);
        kafka = new MemoryKafka();
        const file = `${++run}.sqlite`;
        const records = recordsOf(random, 300);
        const owner = await taskAt(`${run}-owner.sqlite`);
        const follower = new SteppedFollower(file);
        await follower.open();
        for (let step = 0; step < 60; step++) {
          const act = random();
          if (act < 0.35) {
            const next = Number(owner.offset());
            owner.apply(records.slice(next, next + between(random, 1, 20)));
            owner.commit();
          } else if (act < 0.7) await follower.poll(between(random, 1, 12));
          else if (act < 0.85) await follower.save();
          else if (act < 0.95) {
            follower.close();
            await follower.open();
          } else {
            kafka.compact(names.changelog(group!.name), PARTITION, {dropTombstones: false});
          }
        }
        follower.close();
        await expectSame(file);
      }),
      {numRuns: 10},
    );
  });

  test('leaves a takeover only what it had not saved, and its file closed', async () => {
    const owner = await taskAt('owner.sqlite');
    const records = recordsOf(randomOf(1), 600);
    for (let at = 0; at < 500; at += 50) {
      owner.apply(records.slice(at, at + 50));
      owner.commit();
    }
    const sentences: string[] = [];
    const standby = startStandby('standby.sqlite', sentences);
    await waitUntil('it to be warm', DEADLINE_MS, () => {
      nowMs += 1_000;
      return sentences.includes('a standby is warm');
    });
    await standby.stop();
    owner.apply(records.slice(500, 505));
    owner.commit();
    const {takeover, fromTopics} = await expectSame('standby.sqlite');
    expect(takeover).toBeLessThan(30);
    expect(fromTopics).toBeGreaterThan(10 * takeover);
    owner.crash();
  });

  test('saves while its task never stops committing', async () => {
    const owner = await taskAt('owner.sqlite');
    const records = recordsOf(randomOf(3), 2_000);
    const admin = kafka.admin();
    const stableEndOffset = async (topic: string, partition: number) => {
      const next = Number(owner.offset());
      owner.apply(records.slice(next, next + 1));
      owner.commit();
      return admin.stableEndOffset(topic, partition);
    };
    const busy = {...admin, earliestOffset: admin.earliestOffset.bind(admin), stableEndOffset};
    const sentences: string[] = [];
    const standby = startStandby('standby.sqlite', sentences, busy);
    await waitUntil('it to be warm', DEADLINE_MS, () => {
      nowMs += 1_000;
      return sentences.includes('a standby is warm');
    });
    await standby.stop();
    await expectSame('standby.sqlite');
    owner.crash();
  });

  test('that was away for longer than tombstones are kept begins anew', async () => {
    const owner = await taskAt('owner.sqlite');
    const records = recordsOf(randomOf(2), 100);
    owner.apply(records);
    owner.commit();
    const sentences: string[] = [];
    const standby = startStandby('standby.sqlite', sentences);
    const isWarm = () => sentences.includes('a standby is warm');
    await waitUntil('it to be warm', DEADLINE_MS, () => {
      nowMs += 1_000;
      return isWarm();
    });
    nowMs += 13 * HOUR_MS;
    await waitUntil('it to begin again', DEADLINE_MS, () =>
      sentences.includes('a standby begins again from what it saved'),
    );
    await standby.stop();
    expect(existsSync(join(folder, 'standby.sqlite'))).toBe(false);
    owner.crash();
  });
});

function startStandby(file: string, sentences: string[], admin = placeOf(file).admin): StandbyTask {
  const say = (sentence: string) => void sentences.push(sentence);
  const standby = new StandbyTask({
    ...placeOf(file),
    admin,
    kafka: waitingKafka(kafka.port()),
    random: () => 0,
    log: {info: say, warn: say, error: say},
  });
  standby.start();
  return standby;
}

/** A poll that brings nothing takes a moment, as Kafka's does. */
function waitingKafka(port: Kafka): Kafka {
  return {
    ...port,
    openReader: async () => {
      const reader = await port.openReader();
      return {
        ...reader,
        poll: async (waitMs) => {
          const batches = await reader.poll(waitMs);
          if (batches.length === 0) await sleep(5);
          return batches;
        },
      };
    },
  };
}

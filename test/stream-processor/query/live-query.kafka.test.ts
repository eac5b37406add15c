/** A live query never lies: snapshot and deltas are a fresh query, across reconnects too. */
import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import type {ViewPage, ViewRow} from '../../../src/protocol/query.ts';
import type {ProcessorStatus} from '../../../src/protocol/status.ts';
import {kafkaForTests, uniqueName} from '../../support/kafka.ts';
import {seededRandom} from '../../support/seeded-random.ts';
import {waitUntil} from '../../support/wait-until.ts';
import {pictureOf} from '../support/picture.ts';
import {ProcessorProcess, temporaryFolder} from '../support/processor-process.ts';
import {ReadingProducer} from '../support/produce-readings.ts';
import {randomReadings} from '../support/random-readings.ts';
import {EventReader} from '../support/sse.ts';

const DEADLINE_MS = 30_000;

let folder: ReturnType<typeof temporaryFolder>;
let processor: ProcessorProcess;
let producer: ReadingProducer;
let restart: () => Promise<void>;
beforeEach(async () => {
  folder = temporaryFolder();
  const {brokers, kafka} = kafkaForTests();
  const prefix = `${uniqueName('live')}.`;
  restart = async () => {
    processor = await ProcessorProcess.start({brokers, prefix, stateDir: folder.path});
    await processor.ready();
  };
  await restart();
  producer = await ReadingProducer.open(kafka, `${prefix}readings`);
});
afterEach(async () => {
  await producer.close();
  await processor.kill();
  folder.remove();
});

async function freshRows(query = ''): Promise<readonly ViewRow[]> {
  const rows: ViewRow[] = [];
  let cursor: string | undefined;
  do {
    const after = cursor === undefined ? '' : `&cursor=${cursor}`;
    const page = await processor.get<ViewPage>(`/v1/views/minute?limit=250${after}${query}`);
    rows.push(...page.rows);
    cursor = page.cursor;
  } while (cursor !== undefined);
  return rows;
}

async function caughtUp(): Promise<void> {
  await waitUntil('the processor to be at the end', DEADLINE_MS, async () => {
    const {tasks} = await processor.get<ProcessorStatus>('/status');
    return tasks.every(({committedOffset, stableEndOffset}) => committedOffset === stableEndOffset);
  });
}

describe('a live query', () => {
  test('is a fresh query at every end, across reconnects, with nothing twice', async () => {
    const random = seededRandom('live');
    const all = randomReadings({count: 4_000, stations: 6, random});
    await producer.send(all.slice(0, 1_000));
    await caughtUp();
    const url = `${processor.url}/v1/views/minute/live`;
    const reader = await EventReader.open(url);
    const ofOne = await EventReader.open(`${url}?key=station-1`);
    await producer.send(all.slice(1_000, 2_000), 100);
    await caughtUp();
    await waitUntil('the deltas', DEADLINE_MS, async () => {
      expect(pictureOf(reader.events)).toEqual(await freshRows());
      return true;
    });
    expect(reader.events[0]!.event).toBe('snapshot');
    expect(reader.events.every(({id}) => id !== '')).toBe(true);
    await reader.close();

    // Missed meanwhile.
    await producer.send(all.slice(2_000, 3_000), 100);
    await caughtUp();
    const again = await EventReader.open(url, reader.lastEventId);
    await producer.send(all.slice(3_000), 100);
    await caughtUp();
    await waitUntil('the missed and the new deltas', DEADLINE_MS, async () => {
      expect(pictureOf([...reader.events, ...again.events])).toEqual(await freshRows());
      return true;
    });
    expect(again.events.map(({event}) => event)).not.toContain('snapshot');
    expect(again.events.map(({event}) => event)).not.toContain('reset');
    const ids = [...reader.events.slice(2), ...again.events].map(({id}) => id);
    expect(new Set(ids).size, 'no event is there twice').toBe(ids.length);
    const {watermark} = await processor.get<ViewPage>('/v1/views/minute');
    expect(again.events.findLast(({event}) => event === 'progress')!.data).toEqual({watermark});

    const freshOfOne = await freshRows('&key=station-1');
    expect(freshOfOne.every(({key}) => key === 'station-1')).toBe(true);
    await waitUntil('the deltas of one key', DEADLINE_MS, () => {
      expect(pictureOf(ofOne.events)).toEqual(freshOfOne);
      return true;
    });
    await Promise.all([again.close(), ofOne.close()]);
  });

  test('goes on over a restart under load: reset, a snapshot, and no row is wrong', async () => {
    const random = seededRandom('restart');
    const all = randomReadings({count: 2_000, stations: 6, random});
    await producer.send(all.slice(0, 500));
    await caughtUp();
    const before = await EventReader.open(`${processor.url}/v1/views/minute/live`);
    await waitUntil('a snapshot', DEADLINE_MS, () => before.events.length > 0);
    const sending = producer.send(all.slice(500), 50);
    await waitUntil('a delta', DEADLINE_MS, () =>
      before.events.some(({event}) => event === 'delta'),
    );
    await processor.kill();
    await restart();
    const url = `${processor.url}/v1/views/minute/live`;
    const after = await EventReader.open(url, before.lastEventId);
    await sending;
    await caughtUp();
    await waitUntil('the picture', DEADLINE_MS, async () => {
      expect(pictureOf([...before.events, ...after.events])).toEqual(await freshRows());
      return true;
    });
    await after.close();
  });

  test('that nobody reads from the socket holds up neither the engine nor another reader', async () => {
    const random = seededRandom('slow');
    const all = randomReadings({count: 20_000, stations: 300, random});
    const url = `${processor.url}/v1/views/minute/live`;
    const stalled = await fetch(url);
    const reader = await EventReader.open(url);
    await producer.send(all, 500);
    await caughtUp();
    await waitUntil('the other reader', DEADLINE_MS, async () => {
      expect(pictureOf(reader.events)).toEqual(await freshRows());
      return true;
    });
    await stalled.body!.cancel();
    await reader.close();
  });

  test('says reset and sends a snapshot when it cannot go on where the client was', async () => {
    const all = randomReadings({count: 600, stations: 4, random: seededRandom('reset')});
    await producer.send(all.slice(0, 300));
    await caughtUp();
    const before = await EventReader.open(`${processor.url}/v1/views/minute/live`);
    await waitUntil('a snapshot', DEADLINE_MS, () => before.events.length > 0);
    await processor.kill();
    await restart();
    await producer.send(all.slice(300));
    await caughtUp();
    const url = `${processor.url}/v1/views/minute/live`;
    const after = await EventReader.open(url, before.lastEventId);
    await waitUntil('the picture', DEADLINE_MS, async () => {
      expect(pictureOf(after.events)).toEqual(await freshRows());
      return true;
    });
    expect(after.events.slice(0, 2).map(({event}) => event)).toEqual(['reset', 'snapshot']);
    await after.close();
  });
});

describe('a query', () => {
  test('pages through open and closed rows by start and key, and says what is wrong with it', async () => {
    const all = randomReadings({count: 2_000, stations: 6, random: seededRandom('pages')});
    await producer.send(all);
    await caughtUp();
    const rows = await freshRows();
    const one = await processor.get<ViewPage>('/v1/views/minute?limit=1000');
    expect(one.cursor).toBeUndefined();
    expect(rows).toEqual(one.rows);
    expect(new Set(rows.map(({final}) => final))).toEqual(new Set([true, false]));
    const [from, to] = [rows[10]!.start!, rows[60]!.start!];
    const fromText = new Date(from).toISOString();
    expect(await freshRows(`&from=${fromText}&to=${to}`)).toEqual(
      rows.filter(({start}) => start! >= from && start! < to),
    );
    for (const [path, status, code] of [
      ['/v1/views/nothing', 404, 'not-found'],
      ['/v1/views/minute?limit=1001', 400, 'invalid-parameter'],
      ['/v1/views/minute?from=yesterday', 400, 'invalid-parameter'],
      ['/v1/views/minute?cursor=x', 400, 'invalid-parameter'],
    ] as const) {
      const response = await fetch(`${processor.url}${path}`);
      expect(response.status).toBe(status);
      expect(response.headers.get('content-type')).toBe('application/problem+json');
      expect(await response.json()).toMatchObject({type: `urn:forebay:problem:${code}`, status});
    }
    const {views} = await processor.get<{views: object[]}>('/v1/views');
    expect(views).toMatchObject([
      {name: 'minute', stream: 'readings', owner: 'tests', kind: 'tumbling', emit: 'final'},
      {name: 'minute-live', aggregates: {readings: 'count'}},
    ]);
  });
});

/** Whichever replica is asked: the answer is that of all owners, over real HTTP, and never lies while they change. */
import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import {listen, type Listening} from '../../../src/program/listen.ts';
import type {ViewRow} from '../../../src/protocol/query.ts';
import type {AllViews} from '../../../stream-processor/route/all-views.ts';
import type {PartitionViews} from '../../../stream-processor/route/partition-views.ts';
import {MergedViews} from '../../../stream-processor/route/merged-views.ts';
import {partitionRoutes} from '../../../stream-processor/route/partition-routes.ts';
import {PlacedViews} from '../../../stream-processor/route/placed-views.ts';
import {RemoteViews} from '../../../stream-processor/route/remote-views.ts';
import {routeViews} from '../../../stream-processor/route/route-views.ts';
import {between, seededRandom} from '../../support/seeded-random.ts';
import {waitUntil} from '../../support/wait-until.ts';
import {ModelOwner, partitionOfKey, Picture, pipeline, view} from './support/world.ts';

const DEADLINE_MS = 20_000;
/** Far more of them than sockets take. */
const LARGE_CHARS = 100_000;
const ALL = {fromMs: 0, toMs: Number.POSITIVE_INFINITY, limit: 1_000};
const KEYS = Array.from({length: 12}, (_, at) => `station-${at}`);

/** Two replicas; the second has two workers. Partitions 0 and 1, 2, and 3. */
let owners: readonly ModelOwner[];
let servers: Listening[];
let remotes: RemoteViews[];
let all: AllViews;
beforeEach(async () => {
  owners = [new ModelOwner(), new ModelOwner(), new ModelOwner()];
  [0, 0, 1, 2].forEach((owner, partition) => owners[owner]!.own(partition));
  const here = new MergedViews((_, partition) => {
    const owner = owners.slice(1).find(({partitions}) => partitions.includes(partition));
    return placed.get(owner ?? owners[1]!)!;
  });
  const placed = new Map(owners.map((owner) => [owner, new PlacedViews(owner)]));
  servers = [];
  remotes = await Promise.all([serve(placed.get(owners[0]!)!), serve(here)]);
  const anywhere = new MergedViews((_, partition) =>
    owners[0]!.partitions.includes(partition) ? remotes[0]! : remotes[1]!,
  );
  all = routeViews(anywhere);
});
afterEach(() => servers.forEach((server) => server.close()));

async function serve(views: PartitionViews): Promise<RemoteViews> {
  const app = partitionRoutes(pipeline, views);
  const server = await listen({app, host: '127.0.0.1', port: 0, portVariable: ''});
  servers.push(server);
  const url = `http://127.0.0.1:${server.port}`;
  return new RemoteViews({name: url, url, fetch});
}

const ownerOf = (key: string): ModelOwner =>
  owners.find(({partitions}) => partitions.includes(partitionOfKey(key)))!;
const row = (key: string, start: number, n = 0): ViewRow => ({
  key,
  start,
  end: start + 60_000,
  final: false,
  n,
});
const fresh = async () => (await all.rows(view, ALL)).rows;

function fill(): void {
  for (const key of KEYS) for (let at = 0; at < 3; at++) ownerOf(key).put(row(key, at * 60_000));
}

async function* nothing() {}

/** Follows until `until` holds for the picture. */
async function follow(picture: Picture, until: () => boolean, signal?: AbortSignal): Promise<void> {
  const ending = new AbortController();
  const options = {
    signal: signal === undefined ? ending.signal : AbortSignal.any([signal, ending.signal]),
    lastEventId: picture.lastEventId,
  };
  for await (const event of all.follow(view, ALL, options)) {
    picture.apply(event);
    if (until()) break;
  }
  ending.abort();
}

describe('a query of all owners', () => {
  test('is in order over all partitions, page by page, and has the least watermark', async () => {
    fill();
    owners.forEach((owner, at) => owner.progress(1_000 * (at + 1)));
    const whole = await all.rows(view, ALL);
    expect(whole.rows).toHaveLength(36);
    expect(whole.watermark).toBe(1_000);
    const pages: ViewRow[] = [];
    for (let after: ViewRow | undefined; ;) {
      const place = after && {key: after.key, start: after.start!, end: after.end!, id: ''};
      const {rows} = await all.rows(view, {...ALL, limit: 7, after: place});
      pages.push(...rows);
      if (rows.length < 7) break;
      after = rows.at(-1);
    }
    expect(pages).toEqual(whole.rows);
  });

  test('asks only the owner of a key', async () => {
    fill();
    servers[1]!.close();
    const key = KEYS.find((each) => ownerOf(each) === owners[0])!;
    const {rows} = await all.rows(view, {...ALL, key});
    expect(rows.map((each) => each.key)).toEqual([key, key, key]);
  });

  test('says that an owner restores its state, and that one is away', async () => {
    owners[2]!.isRestoring = true;
    await expect(all.rows(view, ALL)).rejects.toMatchObject({problem: {code: 'restoring'}});
    await expect(
      follow(new Picture(), () => true),
      'also when nothing was followed yet',
    ).rejects.toMatchObject({problem: {code: 'restoring'}});
    owners[2]!.isRestoring = false;
    const gone = new RemoteViews({name: 'gone', url: 'http://127.0.0.1:1', fetch});
    const views = routeViews(new MergedViews(() => gone));
    await expect(views.rows(view, ALL)).rejects.toMatchObject({problem: {code: 'owner-away'}});
  });

  test('is never passed on by the one who was asked', async () => {
    await expect(remotes[0]!.rows(view, ALL, [3])).rejects.toMatchObject({
      problem: {code: 'not-local'},
    });
  });
});

describe('a live query of all owners', () => {
  test('is one snapshot, the deltas of all, and as progress the least watermark', async () => {
    fill();
    owners.forEach((owner) => owner.progress(1));
    const picture = new Picture();
    const watermarks: (number | null)[] = [];
    const following = follow(picture, () => {
      if (watermarks.at(-1) !== picture.watermark) watermarks.push(picture.watermark);
      return picture.watermark === 300;
    });
    await waitUntil('the snapshot', DEADLINE_MS, () => picture.snapshots === 1);
    ownerOf(KEYS[0]!).put(row(KEYS[0]!, 0, 1));
    owners.forEach((owner) => owner.progress(100));
    ownerOf(KEYS[1]!).remove(row(KEYS[1]!, 0));
    owners.forEach((owner, at) => owner.progress(300 + at));
    await following;
    expect(picture.rows).toEqual(await fresh());
    expect(picture.resets).toBe(0);
    expect(watermarks.filter((each) => each !== null)).toEqual(
      [...watermarks].filter((each) => each !== null).sort((a, b) => a - b),
    );
  });

  test('goes on behind an id with no gap and no repeat, whoever gave it out', async () => {
    fill();
    const picture = new Picture();
    await follow(picture, () => picture.snapshots === 1);
    for (let n = 1; n <= 5; n++)
      for (const key of KEYS.slice(0, 3)) ownerOf(key).put(row(key, 0, n));
    const seen: string[] = [];
    await follow(picture, () => {
      seen.push(picture.lastEventId!);
      return seen.length === 15;
    });
    expect(picture.rows).toEqual(await fresh());
    expect(picture.snapshots, 'no second snapshot').toBe(1);
    expect(new Set(seen).size, 'no event twice').toBe(15);
  });

  test('says reset and sends a snapshot behind an id that nobody knows', async () => {
    fill();
    const picture = new Picture();
    picture.lastEventId = 'of-another-release';
    await follow(picture, () => picture.snapshots === 1);
    expect(picture.resets).toBe(1);
    expect(picture.rows).toEqual(await fresh());
  });

  test('tells progress to a reader that went before it was told any, also when an owner is quiet', async () => {
    fill();
    owners[0]!.progress(5_000);
    const picture = new Picture();
    await follow(picture, () => picture.snapshots === 1);
    owners[0]!.progress(6_000);
    const {signal} = new AbortController();
    const {lastEventId} = picture;
    for await (const event of all.follow(view, ALL, {signal, lastEventId})) {
      expect(event).toMatchObject({event: 'progress', watermark: 6_000});
      break;
    }
  });

  test('says that an owner has left, not that there are too many rows', async () => {
    const leaving: PartitionViews = {rows: () => ({rows: [], watermark: null}), follow: nothing};
    const merged = new MergedViews(() => leaving);
    const {signal} = new AbortController();
    const events = merged.follow(view, ALL, {partitions: [0], signal});
    await expect(events.next()).rejects.toMatchObject({problem: {code: 'owner-away'}});
  });

  test('starts over for a reader that stops for long: nobody keeps for it what it does not read', async () => {
    fill();
    const picture = new Picture();
    const ending = new AbortController();
    const events = all.follow(view, ALL, {signal: ending.signal})[Symbol.asyncIterator]();
    picture.apply((await events.next()).value);
    const pad = 'x'.repeat(LARGE_CHARS);
    for (let n = 0; n < 400; n++) {
      const key = KEYS[n % KEYS.length]!;
      ownerOf(key).put({...row(key, 0, n), pad});
      // A turn for the sockets to take what they can.
      if (n % 10 === 0) await fresh();
    }
    const expected = await fresh();
    await waitUntil('the picture of a fresh query', DEADLINE_MS, async () => {
      picture.apply((await events.next()).value);
      expect(picture.rows).toEqual(expected);
      return true;
    });
    expect(picture.resets).toBeGreaterThan(0);
    ending.abort();
  });

  test('is a fresh query at its end, whatever moves, fails or stops reading meanwhile', async () => {
    const random = seededRandom('live-owners');
    const picture = new Picture();
    let stopped = new AbortController();
    let following = follow(picture, () => false, stopped.signal).catch(() => {});
    for (let round = 0; round < 300; round++) {
      const key = KEYS[between(random, 0, KEYS.length - 1)]!;
      const owner = ownerOf(key);
      const start = 60_000 * between(random, 0, 3);
      const act = random();
      if (act < 0.7) owner.put(row(key, start, round));
      else if (act < 0.8) owner.remove(row(key, start));
      else if (act < 0.9) owners.forEach((each) => each.progress(round));
      else if (act < 0.93) {
        const partition = partitionOfKey(key);
        owners[between(random, 0, 2)]!.own(partition, owner.lose(partition));
      } else if (act < 0.97) {
        stopped.abort();
        await following;
        stopped = new AbortController();
        following = follow(picture, () => false, stopped.signal).catch(() => {});
      } else await fresh();
    }
    const expected = await fresh();
    await waitUntil('the picture to be that of a fresh query', DEADLINE_MS, () => {
      expect(picture.rows).toEqual(expected);
      return true;
    });
    stopped.abort();
    await following;
  });
});

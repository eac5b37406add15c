/** Whatever happens to a checkpoint file: either all in it is what was saved, or it is said to be unusable. */
import {copyFileSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {DatabaseSync} from 'node:sqlite';
import * as fc from 'fast-check';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {Checkpoint, isDamage} from '../../../stream-processor/state/checkpoint.ts';
import {temporaryFolder} from '../support/processor-process.ts';

const META = {
  origin: 'origin',
  savedAtMs: 1,
  changelogOffset: 7n,
  resultOffsets: {view: 12n},
  stores: {store: 'entries', panes: 'slices'},
};
const ALL = {view: 'view', fromMs: -1e15, toMs: 1e15, limit: 1_000_000};

let folder: ReturnType<typeof temporaryFolder>;
let saved: Buffer;
let contents: string;
let path: string;

beforeAll(() => {
  folder = temporaryFolder();
  path = join(folder.path, 'damaged.sqlite');
  const original = join(folder.path, 'original.sqlite');
  const checkpoint = Checkpoint.open(original);
  fill(checkpoint, 0, 400);
  checkpoint.save(META);
  fill(checkpoint, 300, 500);
  for (let n = 0; n < 60; n++) checkpoint.tables.entries.delete('store', `key-${n}`, n);
  checkpoint.save(META);
  checkpoint.close();
  saved = readFileSync(original);
  contents = read(original);
});
afterAll(() => folder.remove());

function fill({tables, closed}: Checkpoint, from: number, to: number): void {
  for (let n = from; n < to; n++) {
    const key = `key-${n}`;
    tables.entries.put('store', {key, at: n, bytes: Buffer.from(`value ${n} ${from}`)});
    tables.slices.put({store: 'panes', startMs: n * 1_000, slice: n % 3}, Buffer.alloc(40, n));
    const row = {view: 'view', key, startMs: n, endMs: n + 10, id: ''};
    closed.put({...row, json: JSON.stringify({count: n, from})});
  }
}

/** All that a restore and queries read. */
function read(file: string): string {
  const checkpoint = Checkpoint.open(file);
  try {
    const {tables, closed, meta} = checkpoint;
    return JSON.stringify([
      {...meta, changelogOffset: String(meta?.changelogOffset), resultOffsets: null},
      [...tables.entries.of('store')],
      tables.entries.count('store'),
      tables.entries.ats('store'),
      tables.entries.keysAt('store', 77),
      tables.entries.ofKey('store', 'key-70'),
      [...tables.slices.of('panes')],
      closed.select(ALL),
      closed.selectKey(ALL, 'key-3'),
      closed.selectOld('view', 40, 1_000),
    ]);
  } finally {
    checkpoint.close();
  }
}

/** What reading it said; `undefined` if it read all as it was saved. */
function damageSaid(): unknown {
  try {
    expect(read(path)).toBe(contents);
    return undefined;
  } catch (error) {
    if (!isDamage(error)) throw error;
    return error;
  } finally {
    for (const suffix of ['-wal', '-shm']) rmSync(`${path}${suffix}`, {force: true});
  }
}

describe('a damaged checkpoint', () => {
  test('is read as it was saved or not at all, wherever a byte is wrong', () => {
    const positions = fc.oneof(
      fc.integer({min: 0, max: saved.length - 1}),
      // Where each page says what is in it.
      fc
        .tuple(fc.integer({min: 0, max: saved.length / 4_096 - 1}), fc.integer({min: 0, max: 60}))
        .map(([page, place]) => page * 4_096 + place),
    );
    let found = 0;
    fc.assert(
      fc.property(positions, fc.integer({min: 1, max: 255}), (position, flipped) => {
        const bytes = Buffer.from(saved);
        bytes[position]! ^= flipped;
        writeFileSync(path, bytes);
        if (damageSaid() !== undefined) found++;
      }),
      {numRuns: 100},
    );
    expect(found).toBeGreaterThan(50);
  });

  test('is unusable when it is cut short', () => {
    for (const length of [saved.length - 1, saved.length - 4_096, saved.length / 2, 4_096, 100]) {
      writeFileSync(path, saved);
      truncateSync(path, Math.floor(length));
      expect(damageSaid()).toMatchObject({code: 'CHECKPOINT_UNUSABLE'});
    }
  });

  test('is unusable when a page is that of another time, or garbage', () => {
    for (let page = 1; page < saved.length / 4_096; page++) {
      const bytes = Buffer.from(saved);
      saved.copy(bytes, page * 4_096, (page - 1) * 4_096, page * 4_096);
      writeFileSync(path, bytes);
      expect(damageSaid()).toBeDefined();
    }
    writeFileSync(path, 'not a database, and longer than its header would be. '.repeat(40));
    expect(damageSaid()).toMatchObject({code: 'CHECKPOINT_UNUSABLE'});
  });

  test('is unusable when it is of an older version', () => {
    writeFileSync(path, saved);
    const database = new DatabaseSync(path);
    database.exec('PRAGMA user_version = 2');
    database.close();
    expect(damageSaid()).toMatchObject({cause: {message: 'it has version 2'}});
  });

  test('leaves nothing to be lost in a log beside it after a save', () => {
    const file = join(folder.path, 'killed.sqlite');
    const checkpoint = Checkpoint.open(file);
    fill(checkpoint, 0, 400);
    checkpoint.save(META);
    expect(statSync(`${file}-wal`).size).toBe(0);
    fill(checkpoint, 300, 500);
    // As a kill would leave it, but that the log is gone.
    copyFileSync(file, path);
    checkpoint.close();
    expect(read(path)).toBe(read(file));
  });
});

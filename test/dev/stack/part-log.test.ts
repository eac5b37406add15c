import {mkdtempSync, readFileSync, readdirSync, rmSync, statSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {expect, test} from 'vitest';
import {PartLog, shownLine} from '../../../dev/stack/part-log.ts';

function line(level: string): string {
  return JSON.stringify({time: 'T', level, program: 'drain', message: 'Kafka is slow', attempt: 2});
}

test('warnings and errors are shown with their fields, the rest is not', () => {
  expect(shownLine(line('info'))).toBeUndefined();
  expect(shownLine(line('warn'))).toEqual({level: 'warn', text: 'Kafka is slow (attempt=2)'});
  expect(shownLine(line('error'))).toEqual({level: 'error', text: 'Kafka is slow (attempt=2)'});
  expect(shownLine('{ not JSON')).toBeUndefined();
  expect(shownLine('plain text')).toBeUndefined();
});

test('a log file never grows beyond its bound, and one older file is kept', () => {
  const directory = mkdtempSync(join(tmpdir(), 'forebay-log-'));
  const path = join(directory, 'drain.log');
  const log = new PartLog({path, onShown: () => {}, maxBytes: 100});
  for (let n = 0; n < 50; n += 1) log.write(`line ${n}`);
  log.close();
  expect(readdirSync(directory).sort()).toEqual(['drain.log', 'drain.log.1']);
  expect(statSync(path).size).toBeLessThanOrEqual(100);
  expect(statSync(`${path}.1`).size).toBeLessThanOrEqual(100);
  expect(readFileSync(path, 'utf8').trim().split('\n').at(-1)).toBe('line 49');
  rmSync(directory, {recursive: true});
});

import {PassThrough} from 'node:stream';
import {expect, test} from 'vitest';
import {readEventStream} from '../../../dev/show/read-event-stream.ts';
import {rowsLine, rowsTable} from '../../../dev/show/rows-table.ts';
import {Screen} from '../../../dev/show/screen.ts';
import {startArguments} from '../../../dev/show/start-arguments.ts';
import {ViewFollower} from '../../../dev/show/view-follower.ts';
import {collect} from '../../support/collect.ts';

const ALL = {rows: 9, perKey: 9};
const HOUR_MS = 3_600_000;
const row = (key: string, hour: number, readings: number) => ({
  key,
  start: hour * HOUR_MS,
  end: (hour + 1) * HOUR_MS,
  final: true,
  readings,
});

test('a follower shows what changed last, by snapshot and deltas', () => {
  const follower = new ViewFollower('http://q', 'station-hour');
  const take = (event: string, data: unknown) => follower.take({event, data: JSON.stringify(data)});
  take('snapshot', {rows: [row('a', 2, 1), row('a', 1, 1)]});
  take('delta', {upsert: [row('a', 1, 5), row('b', 3, 1)], delete: [row('a', 2, 1)]});
  take('progress', {watermark: 1});
  expect(follower.newest(ALL)).toEqual([row('b', 3, 1), row('a', 1, 5)]);
  expect(follower.newest({rows: 1, perKey: 1})).toEqual([row('b', 3, 1)]);
  take('delta', {upsert: [row('b', 4, 1)], delete: []});
  const onePerKey = follower.newest({rows: 9, perKey: 1});
  expect(onePerKey).toEqual([row('b', 4, 1), row('a', 1, 5)]);
  take('snapshot', {rows: []});
  expect(follower.newest(ALL)).toEqual([]);
});

test('an event stream is read across chunk borders, comments left out', async () => {
  const text = ': hello\n\nevent: delta\nid: 7\ndata: {"a":\ndata: 1}\n\ndata: x\n\n';
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const byte of new TextEncoder().encode(text)) controller.enqueue(Uint8Array.of(byte));
      controller.close();
    },
  });
  expect(await collect(readEventStream(body))).toEqual([
    {event: 'delta', data: '{"a":\n1}'},
    {event: 'message', data: 'x'},
  ]);
});

test('rows are aligned', () => {
  expect(rowsTable([row('new-york', 0, 12), row('a', 1, 1.25)])).toEqual([
    'new-york  1970-01-01 00:00  readings 12    final',
    'a         1970-01-01 01:00  readings 1.25  final',
  ]);
});

test('on a terminal lines go above the block, which is drawn again', () => {
  const output = Object.assign(new PassThrough({encoding: 'utf8'}), {
    isTTY: true,
    columns: 10,
    rows: 3,
  });
  const screen = new Screen(output as unknown as NodeJS.WriteStream);
  screen.draw(['one', 'a line too long', 'below the screen']);
  screen.line('news');
  const [up, erase] = ['\u001B[2A', '\u001B[0J'];
  expect(output.read()).toBe(`one\na line to\n${up}${erase}news\none\na line to\n`);
});

test('the arguments of a start', () => {
  expect(startArguments(['--no-demo', '--json', '--pipeline', 'p.ts'])).toEqual({
    hasDemo: false,
    isFresh: false,
    isJson: true,
    isHelp: false,
    pipelinePath: 'p.ts',
  });
  expect(() => startArguments(['--jsno'])).toThrow(/--jsno/);
  expect(() => startArguments(['extra'])).toThrow(/extra/);
});

test('what senders put into keys is shown on a terminal, not obeyed', () => {
  const row = {key: '\u001b[31mred\u0007\nlag: all fine', start: 0, end: 1, final: true};
  expect(rowsLine([row])).toBe('\\u001b[31mred\\u0007\\u000alag: all fine 1970-01-01 00:00 final');
});

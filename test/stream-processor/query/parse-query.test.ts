import {expect, test} from 'vitest';
import {encodeCursor, parseQuery} from '../../../stream-processor/query/parse-query.ts';
import {Smallest} from '../../../stream-processor/query/smallest.ts';

test('times are RFC 3339 or milliseconds', () => {
  const query = parseQuery({from: '2026-01-01T01:00:00+01:00', to: '1767225600001'});
  expect(query).toMatchObject({fromMs: Date.UTC(2026, 0, 1), toMs: Date.UTC(2026, 0, 1) + 1});
});

test('without parameters a query is for the first hundred rows of all', () => {
  expect(parseQuery({})).toMatchObject({key: undefined, fromMs: 0, limit: 100, after: undefined});
});

test('a cursor is the place it was made for', () => {
  const place = {startMs: 5, key: 'schlüssel "😀"'};
  expect(parseQuery({cursor: encodeCursor(place)})).toMatchObject({after: place});
});

test.each([
  {from: 'now'},
  {to: '2026-13-01T00:00:00Z'},
  {limit: '0'},
  {limit: '1001'},
  {limit: 'x'},
  {cursor: '!'},
  {cursor: Buffer.from('[1]').toString('base64url')},
])('%o is refused by name', (parameters) => {
  const [name] = Object.keys(parameters);
  expect(parseQuery(parameters)).toMatchObject({
    code: 'invalid-parameter',
    detail: expect.stringContaining(`${name} must be`),
  });
});

test('the smallest of many are those of a sort', () => {
  const numbers = Array.from({length: 200}, (_, n) => (n * 7_919) % 211);
  const smallest = new Smallest<number>(10, (a, b) => a - b);
  for (const number of numbers) smallest.add(number);
  expect(smallest.items).toEqual(numbers.toSorted((a, b) => a - b).slice(0, 10));
});

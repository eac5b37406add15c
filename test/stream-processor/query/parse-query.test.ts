import {expect, test} from 'vitest';
import {encodeCursor, parsePage, parseRange} from '../../../stream-processor/query/parse-query.ts';
import {QueryFailed} from '../../../stream-processor/query/problem.ts';

test('times are RFC 3339 or milliseconds', () => {
  const query = parsePage({from: '2026-01-01T01:00:00+01:00', to: '1767225600001'});
  expect(query).toMatchObject({fromMs: Date.UTC(2026, 0, 1), toMs: Date.UTC(2026, 0, 1) + 1});
});

test('without parameters a query is for the first hundred rows of all', () => {
  expect(parsePage({})).toMatchObject({key: undefined, limit: 100, after: undefined});
});

test.each([
  {start: 5, end: 8, key: 'schlüssel "😀"', id: ''},
  {start: null, end: null, key: 'k', id: 'readings:5'},
])('a cursor is the place it was made for: %o', (place) => {
  expect(parsePage({cursor: encodeCursor(place)})).toMatchObject({after: place});
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
  const refusal = `${name} must be`;
  expect(() => parsePage(parameters)).toThrow(QueryFailed);
  expect(() => parsePage(parameters)).toThrow(refusal);
});

test('a parameter that is not known is refused, with those that are', () => {
  expect(() => parsePage({limt: '5', kye: 'a', from: '0'})).toThrow(
    'unknown parameters: limt, kye; known are: key, from, to, limit, cursor',
  );
  expect(() => parseRange({limit: '5'})).toThrow(
    'unknown parameters: limit; known are: key, from, to',
  );
});

import {describe, expect, test} from 'vitest';
import * as z from 'zod';
import {attributeOf, otlpLog} from '../../src/define/index.ts';

const compiled = z.compile(otlpLog, {strict: true});
const isTaken = (log: unknown) => compiled.safeParse(log).success;

describe('a log record', () => {
  test('may say nothing at all, or null', () => {
    expect(isTaken({})).toBe(true);
    const nulls = Object.fromEntries(Object.keys(otlpLog.shape).map((name) => [name, null]));
    expect(isTaken(nulls)).toBe(true);
  });

  test.each([
    {timeUnixNano: '18446744073709551615'},
    {timeUnixNano: 1_700_000_000_000_000_000},
    {traceId: '', spanId: ''},
    {traceId: '5B8EFFF798038103D269B633813FC60C', spanId: 'eee19b7ec3c1b174'},
    {body: {intValue: '-9223372036854775808'}},
    {body: {doubleValue: 'NaN'}},
    {attributes: [{key: 'empty'}, {key: 'none', value: {}}]},
    {unknown: {member: true}},
  ])('may be %j', (log) => {
    expect(isTaken(log)).toBe(true);
  });

  test.each([
    {timeUnixNano: '-1'},
    {timeUnixNano: 'now'},
    {severityNumber: 'SEVERITY_NUMBER_INFO'},
    {traceId: 'W47/95gDgQPSabYzgT/GDA=='},
    {spanId: 'eee19b7ec3c1b17'},
    {body: 'text'},
    {body: {arrayValue: {values: [{stringValue: 1}]}}},
    {body: {kvlistValue: {values: [{value: {boolValue: true}}]}}},
    {attributes: {key: 'value'}},
    {attributes: Array.from({length: 1_025}, () => ({key: 'k'}))},
  ])('may not be %j', (log) => {
    expect(isTaken(log)).toBe(false);
  });

  test('nested as deeply as the gateway takes is no trouble', () => {
    let body: unknown = {stringValue: 'x'};
    for (let level = 0; level < 64; level += 1) body = {arrayValue: {values: [body]}};
    expect(isTaken({body})).toBe(true);
  });
});

describe('attributeOf', () => {
  const resource = {
    attributes: [
      {key: 'service.name', value: {stringValue: 'cart'}},
      {key: 'pid', value: {intValue: '7'}},
      {key: 'ok', value: {boolValue: false}},
      {key: 'ratio', value: {doubleValue: 0.5}},
      {key: 'list', value: {arrayValue: {values: []}}},
      {key: 'none'},
    ],
  };
  test.each([
    ['service.name', 'cart'],
    ['pid', '7'],
    ['ok', 'false'],
    ['ratio', '0.5'],
    ['list', undefined],
    ['none', undefined],
    ['missing', undefined],
  ])('of %s is %s', (key, text) => {
    expect(attributeOf(resource, key)).toBe(text);
  });

  test('of nothing is undefined', () => {
    expect(attributeOf(undefined, 'a')).toBeUndefined();
    expect(attributeOf(null, 'a')).toBeUndefined();
    expect(attributeOf({}, 'a')).toBeUndefined();
  });
});

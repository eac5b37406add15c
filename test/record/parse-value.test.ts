import {describe, expect, test} from 'vitest';
import {utf8} from '../../src/lib/bytes.ts';
import {parseValue} from '../../src/record/parse-value.ts';

const FORM = 'application/x-www-form-urlencoded';

describe('a value', () => {
  test.each([
    undefined,
    null,
    '',
    'application/json',
    'Application/JSON; charset=utf-8',
    'application/vnd.acme.v1+json',
  ])('is what its JSON says under %s', (type) => {
    expect(parseValue(type, utf8('{"a":[1]}'))).toEqual({a: [1]});
    expect(() => parseValue(type, utf8('a=b'))).toThrow();
    expect(() => parseValue(type, Uint8Array.of(0x22, 0xff, 0x22))).toThrow();
  });

  test('of a form is its fields, with an array where one is repeated', () => {
    expect({...(parseValue(FORM, utf8('a=1&b=x+y&a=%C3%BC&c=&a=3')) as object)}).toEqual({
      a: ['1', 'ü', '3'],
      b: 'x y',
      c: '',
    });
  });

  test('of a form has no names but those of its fields', () => {
    const fields = parseValue(`${FORM}; charset=UTF-8`, utf8('__proto__=a&toString=b'));
    expect(Object.keys(fields as object)).toEqual(['__proto__', 'toString']);
    expect(Object.getPrototypeOf(fields)).toBeNull();
    expect(({} as Record<string, unknown>)['a']).toBeUndefined();
  });

  test('of a form with more fields than anybody fills in is none', () => {
    expect(() => parseValue(FORM, utf8('a=1&'.repeat(10_001)))).toThrow('at most 10000 fields');
  });

  test('of text is the text, when it is UTF-8', () => {
    expect(parseValue('text/plain', utf8('grüße'))).toBe('grüße');
    expect(parseValue('text/csv; charset="UTF-8"', utf8('a,b'))).toBe('a,b');
    expect(() => parseValue('text/plain', Uint8Array.of(0xff))).toThrow();
    const latin = Uint8Array.of(0xfc);
    expect(parseValue('text/plain; charset=iso-8859-1', latin)).toBe(latin);
  });

  test('of any other type is its bytes', () => {
    const bytes = utf8('{}');
    expect(parseValue('application/octet-stream', bytes)).toBe(bytes);
  });
});

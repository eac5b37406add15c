import * as fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {findUnsafeName} from '../../../gateway-worker/validate/find-unsafe-name.ts';
import {utf8} from '../../../src/lib/bytes.ts';

const find = (text: string) => findUnsafeName({bytes: utf8(text), value: JSON.parse(text)});

describe('names on which readers disagree', () => {
  test.each([
    ['{"a":1,"a":2}', '#/a', 'duplicate-name'],
    ['{"a":1,"\\u0061":2}', '#/a', 'duplicate-name'],
    ['{"x":[{"a":1},{"b":{"c":1, "c" :2}}]}', '#/x/1/b/c', 'duplicate-name'],
    ['[{"a/b":{"":1,"":2}}]', '#/0/a~1b/', 'duplicate-name'],
    ['{"a":":","b":"\\":","a":{}}', '#/a', 'duplicate-name'],
    ['{"__proto__":{"admin":true}}', '#/__proto__', 'unsafe-name'],
    ['{"a":[{"\\u005f_proto__":1}]}', '#/a/0/__proto__', 'unsafe-name'],
    ['{"constructor":{"prototype":{"x":1}}}', '#/constructor', 'unsafe-name'],
  ])('%s is told where: %s', (text, pointer, code) => {
    expect(find(text)).toMatchObject({pointer, code});
  });

  test.each(['{}', '[]', '1', '"a:b"', '{"constructor":"x","prototype":1}', '{"a":{"a":{"a":1}}}'])(
    '%s is fine',
    (text) => expect(find(text)).toBeNull(),
  );
});

test('any JSON without such names passes, however it is written', () => {
  const name = fc.string().filter((text) => text !== '__proto__' && text !== 'constructor');
  const json = fc.letrec((tie) => ({
    value: fc.oneof(
      {maxDepth: 5},
      fc.string(),
      fc.double({noNaN: true}),
      fc.constant(null),
      fc.array(tie('value'), {maxLength: 4}),
      fc.dictionary(name, tie('value'), {maxKeys: 4}),
    ),
  })).value;
  fc.assert(
    fc.property(json, fc.constantFrom(undefined, 2, '\t'), (value, space) => {
      expect(find(JSON.stringify(value, null, space))).toBeNull();
    }),
  );
});

test('a member that is repeated anywhere is found', () => {
  const object = fc.dictionary(
    fc.string().filter((text) => text !== '__proto__' && text !== 'constructor'),
    // Such a name may also be drawn deeper.
    fc.jsonValue({maxDepth: 2}).filter((value) => find(JSON.stringify(value)) === null),
    {minKeys: 1, maxKeys: 5},
  );
  fc.assert(
    fc.property(object, fc.nat(), fc.nat({max: 3}), (value, choice, depth) => {
      const names = Object.keys(value);
      const name = JSON.stringify(names[choice % names.length]);
      const text = JSON.stringify(value).replace(/\}$/, () => `,${name}:0}`);
      const nested = `${'{"in":['.repeat(depth)}${text}${']}'.repeat(depth)}`;
      expect(find(nested)).toMatchObject({code: 'duplicate-name'});
    }),
  );
});

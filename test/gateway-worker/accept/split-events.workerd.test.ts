/** Cutting events out of a body: the slices are the original bytes and mean the same as the whole. */
import * as fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {scanJson} from '../../../gateway-worker/accept/scan-json.ts';
import {splitEvents} from '../../../gateway-worker/accept/split-events.ts';
import {Problem} from '../../../gateway-worker/answer/problem.ts';
import {MAX_DEPTH, MAX_REQUEST_EVENTS} from '../../../gateway-worker/limits.ts';
import {fromUtf8, utf8} from '../../../src/lib/bytes.ts';

const whitespace = fc.stringMatching(/^[ \t\r\n]{0,3}$/);
const RUNS = 500;

/** Text of any JSON value, with whitespace and escapes a serialiser would not write. */
const jsonText = fc
  .tuple(fc.jsonValue({maxDepth: 6}), whitespace, fc.boolean())
  .map(([value, space, escapes]) => {
    const text = JSON.stringify(value, null, space.replaceAll(/[^ ]/g, ' '));
    // Letters that are part of no escape, no literal and no number may be written as escapes.
    return escapes ? text.replaceAll(/[gh-kmo-qv-z]/g, escaped) : text;
  });

function escaped(letter: string): string {
  return String.raw`\u00` + letter.charCodeAt(0).toString(16);
}

function nested(depth: number): string {
  return '{"a":'.repeat(depth) + '1' + '}'.repeat(depth);
}

function codeOf(run: () => unknown): string {
  try {
    run();
    return 'no problem';
  } catch (error) {
    return error instanceof Problem ? error.code : String(error);
  }
}

describe('an array', () => {
  test('is cut into the original bytes of its elements', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(whitespace, jsonText, whitespace), {minLength: 1, maxLength: 12}),
        whitespace,
        (elements, around) => {
          const body = `${around}[${elements.map((parts) => parts.join('')).join(',')}]${around}`;
          const {events, isSingle} = splitEvents(utf8(body), 'json');
          expect(isSingle).toBe(false);
          expect(events.map(({bytes}) => fromUtf8(bytes!))).toEqual(
            elements.map(([, text]) => text.trim()),
          );
          events.forEach((event, index) => {
            expect(event.issue === null && event.value).toEqual(JSON.parse(elements[index]![1]));
          });
        },
      ),
      {numRuns: RUNS},
    );
  });

  test('keeps numbers, key order, duplicates and escapes as they were written', () => {
    const element = String.raw`{"b":9007199254740993,"a":1.0e400,"a":-0,"s":"\u00e9\"]},[{"}`;
    const {events} = splitEvents(utf8(`[ ${element} , ${element} ]`), 'json');
    expect(events.map(({bytes}) => fromUtf8(bytes!))).toEqual([element, element]);
  });

  test('that is no JSON is a problem and never events', () => {
    for (const body of [
      '[',
      '[1,]',
      '[,1]',
      '[1 2]',
      '[1]]',
      '[1][2]',
      '[{]}',
      '["a]',
      '{',
      '{}{}',
    ])
      expect(codeOf(() => splitEvents(utf8(body), 'json'))).toBe('malformed-json');
  });

  test('whatever bytes come, the answer is events that parse or a problem', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...Array.from('[]{},:"\\ 1atrue\n')), {maxLength: 40}),
        fc.constantFrom('json' as const, 'ndjson' as const),
        (chars, form) => {
          const body = utf8(chars.join(''));
          let split;
          try {
            split = splitEvents(body, form);
          } catch (error) {
            expect(error).toBeInstanceOf(Problem);
            return;
          }
          for (const event of split.events) {
            if (event.issue === null)
              expect(JSON.parse(fromUtf8(event.bytes!))).toEqual(event.value);
          }
        },
      ),
      {numRuns: 5_000},
    );
  });
});

describe('NDJSON', () => {
  test('is cut into the original bytes of its lines; blank ones are ignored', () => {
    const lines = fc.array(
      jsonText.map((text) => text.replaceAll(/[\r\n]/g, ' ')),
      {minLength: 1},
    );
    fc.assert(
      fc.property(lines, fc.constantFrom('\n', '\r\n', '\n\n', ' \n'), (texts, end) => {
        const {events} = splitEvents(utf8(texts.join(end) + end), 'ndjson');
        expect(events.map(({bytes}) => fromUtf8(bytes!))).toEqual(texts.map((text) => text.trim()));
      }),
      {numRuns: RUNS},
    );
  });

  test('with a broken line has that one issue and the other events', () => {
    const {events} = splitEvents(utf8('{"a":1}\n{"a":\n{"é":"😀"}\n1,2\n'), 'ndjson');
    expect(events.map((event) => event.issue?.code ?? null)).toEqual([
      null,
      'malformed-json',
      null,
      'malformed-json',
    ]);
    expect(fromUtf8(events[2]!.bytes!)).toBe('{"é":"😀"}');
  });

  test('with a line nested too deeply has that one issue', () => {
    const deep = '['.repeat(MAX_DEPTH + 1) + ']'.repeat(MAX_DEPTH + 1);
    const {events} = splitEvents(utf8(`{}\n${deep}`), 'ndjson');
    expect(events.map((event) => event.issue?.code ?? null)).toEqual([null, 'too-deep']);
  });
});

describe('limits and forms', () => {
  test('depth is judged before anything recursive sees the text', () => {
    expect(scanJson(utf8(nested(MAX_DEPTH)))).not.toBe('too-deep');
    expect(scanJson(utf8(nested(MAX_DEPTH + 1)))).toBe('too-deep');
    expect(codeOf(() => splitEvents(utf8('['.repeat(200_000)), 'json'))).toBe('too-deep');
    expect(codeOf(() => splitEvents(utf8(`{"a":"${'['.repeat(200)}"}`), 'json'))).toBe(
      'no problem',
    );
  });

  test('a single object is one event without the whitespace and byte order mark around it', () => {
    const body = new Uint8Array([0xef, 0xbb, 0xbf, ...utf8(' {"a":1}\n')]);
    const {events, isSingle} = splitEvents(body, 'json');
    expect(isSingle).toBe(true);
    expect(fromUtf8(events[0]!.bytes!)).toBe('{"a":1}');
  });

  test('no event, too many events and broken UTF-8 are problems of their own', () => {
    for (const body of ['', '  ', '[]', ' [ ] '])
      expect(codeOf(() => splitEvents(utf8(body), 'json'))).toBe('empty-batch');
    expect(codeOf(() => splitEvents(utf8('\n\n'), 'ndjson'))).toBe('empty-batch');
    const many = `[${Array.from({length: MAX_REQUEST_EVENTS + 1}, () => '1').join(',')}]`;
    expect(codeOf(() => splitEvents(utf8(many), 'json'))).toBe('too-many-events');
    expect(codeOf(() => splitEvents(new Uint8Array([0x22, 0xff, 0x22]), 'json'))).toBe(
      'malformed-utf-8',
    );
  });

  test('a key named __proto__ changes no prototype', () => {
    const {events} = splitEvents(utf8('{"__proto__":{"polluted":true}}'), 'json');
    expect(fromUtf8(events[0]!.bytes!)).toBe('{"__proto__":{"polluted":true}}');
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});

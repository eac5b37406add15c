/** What readers of text and numbers disagree on, over every dialect: kept to the byte, or refused. */
import {beforeAll, describe, expect, test} from 'vitest';
import {concatBytes, fromUtf8, utf8} from '../../../src/lib/bytes.ts';
import {INGESTS} from '../support/ingests.ts';
import {storedWith} from '../support/stored-with.ts';
import {testApp} from '../support/test-gateway.ts';
import type {TestApp} from '../support/test-gateway.ts';

let app: TestApp;
beforeAll(async () => {
  app = await testApp();
});

/** A member of the event, wherever its dialect has it. */
const EVENT_STARTS = ['"station":', '"event":', '"body":', '"type":"made"'];
const isEnveloped = (name: string) => name.includes('protobuf') || name.includes('base64');
const textual = Object.entries(INGESTS).filter(([name]) => !isEnveloped(name));

/** The valid body with one more member in each event. */
function withMember(body: Uint8Array, member: string): Uint8Array {
  const text = fromUtf8(body);
  const start = EVENT_STARTS.find((each) => text.includes(each))!;
  return utf8(text.replaceAll(start, `${member},${start}`));
}

describe.each(textual)('%s', (_, ingest) => {
  async function post(body: Uint8Array) {
    const [path, init] = await ingest.send(app, {body: body as BodyInit});
    const response = await app.fetch(path, init);
    return {status: response.status, text: await response.text()};
  }
  const stored = (marker: string) =>
    storedWith({stream: ingest.stream, partitions: ingest.partitions, marker});

  test('numbers, escapes and order of an accepted event are those that were sent', async () => {
    const marker = crypto.randomUUID();
    const member = `"x-${marker}":[-0, 9007199254740993 ,1e2,1E+2,0.10,"\\u0041\\/\\u0000"],"2":0,"1":0`;
    const {status} = await post(withMember(ingest.body(), member));
    expect(status).toBeLessThan(300);
    const records = await stored(marker);
    expect(records.length).toBeGreaterThan(0);
    for (const {value} of records) expect(value).toContain(member);
  });

  test('1e400 is kept as it is or refused, and never another number', async () => {
    const marker = crypto.randomUUID();
    const {status} = await post(withMember(ingest.body(), `"x-${marker}":1e400`));
    expect(status).toBeLessThan(500);
    for (const {value} of await stored(marker)) expect(value).toContain(`"x-${marker}":1e400`);
  });

  test('half a surrogate pair is kept as its escape or refused', async () => {
    const marker = crypto.randomUUID();
    const {status} = await post(withMember(ingest.body(), `"x-${marker}":"\\ud800"`));
    expect(status).toBeLessThan(500);
    for (const {value} of await stored(marker)) expect(value).toContain('"\\ud800"');
  });

  test.each(['__proto__', 'constructor":{"prototype', '\\u005f_proto__'])(
    'an event with the member %s is not accepted',
    async (name) => {
      const marker = crypto.randomUUID();
      const isNested = name.includes('{');
      const member = `"${name}":{"polluted":"${marker}"}${isNested ? '}' : ''}`;
      const {status} = await post(withMember(ingest.body(), member));
      expect(status).toBeLessThan(500);
      expect(await stored(marker)).toEqual([]);
      expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    },
  );

  test('a member that comes twice is not accepted', async () => {
    const marker = crypto.randomUUID();
    const member = `"twice":"${marker}","\\u0074wice":1`;
    expect((await post(withMember(ingest.body(), member))).status).toBeLessThan(500);
    expect(await stored(marker)).toEqual([]);
  });

  test.each([
    ['a byte that is none', [0xff]],
    ['half a surrogate pair in bytes', [0xed, 0xa0, 0x80]],
    ['an overlong slash', [0xc0, 0xaf]],
    ['a character that is cut off', [0xe2, 0x82]],
  ])('%s is a 4xx', async (_, bytes) => {
    const marker = crypto.randomUUID();
    const [head, tail] = fromUtf8(withMember(ingest.body(), `"x-${marker}":"@"`)).split('@', 2);
    const body = concatBytes([utf8(head!), new Uint8Array(bytes), utf8(tail!)]);
    const {status} = await post(body);
    expect([400, 422]).toContain(status);
    expect(await stored(marker)).toEqual([]);
  });

  test.each(['\0', '\ufeff\ufeff', '\u2028', '\u00a0', '\v'])(
    '%j around an event is no whitespace',
    async (text) => {
      const {status} = await post(concatBytes([utf8(text), ingest.body(), utf8(text)]));
      expect([400, 422, 207]).toContain(status);
    },
  );

  test('a byte order mark before the body is not part of the event', async () => {
    const marker = crypto.randomUUID();
    const body = withMember(ingest.body(), `"x-${marker}":1`);
    const {status} = await post(concatBytes([utf8('\ufeff'), body]));
    expect(status).toBeLessThan(500);
    for (const {value} of await stored(marker)) expect(value!.startsWith('\ufeff')).toBe(false);
  });

  test('UTF-16 is refused', async () => {
    const text = fromUtf8(ingest.body());
    const body = new Uint8Array(text.length * 2);
    for (let at = 0; at < text.length; at += 1) body[at * 2] = text.charCodeAt(at);
    expect([400, 422]).toContain((await post(body)).status);
  });
});

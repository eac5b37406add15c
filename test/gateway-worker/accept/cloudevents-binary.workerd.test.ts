/** CloudEvents with their attributes in headers: what is stored, and what hostile headers are answered. */
import {beforeAll, describe, expect, test} from 'vitest';
import {
  MAX_ATTRIBUTES_BYTES,
  MAX_EXTENSIONS,
} from '../../../gateway-worker/accept/cloudevents/cloud-event-attributes.ts';
import {EVENTS, newHeaders, storedBy} from '../support/cloud-events.ts';
import {expectProblem, testApp} from '../support/test-gateway.ts';
import type {TestApp} from '../support/test-gateway.ts';

let app: TestApp;
beforeAll(async () => {
  app = await testApp();
});

describe('binary mode', () => {
  test('the body is the value as it came, every attribute a header', async () => {
    const body = '{ "big": 9007199254740993 }';
    const headers = newHeaders({
      'ce-time': '2026-11-21t12:00:00.5+02:00',
      'ce-subject': 'a/b',
      'ce-dataschema': 'urn:schema',
      'ce-partitionkey': 'p-1',
      'content-type': 'application/vnd.test+json',
    });
    const record = await storedBy(await app.post(EVENTS, body, headers));
    expect(record).toMatchObject({key: 'p-1', value: body});
    expect(record.headers).toMatchObject({
      ce_id: headers['ce-id'],
      ce_source: '/tests',
      ce_type: 'test.made',
      ce_time: '2026-11-21T10:00:00.500Z',
      ce_subject: 'a/b',
      ce_dataschema: 'urn:schema',
      ce_partitionkey: 'p-1',
      'content-type': 'application/vnd.test+json',
    });
  });

  test('a body of any type is taken: text, a form, bytes', async () => {
    for (const [type, body] of [
      ['text/plain', 'grüße'],
      ['application/x-www-form-urlencoded', 'a=1&a=2'],
      ['application/octet-stream', new Uint8Array([0xff, 0x00])],
    ] as const) {
      const record = await storedBy(
        await app.post(EVENTS, body, newHeaders({'content-type': type})),
      );
      expect(record.headers['content-type']).toBe(type);
      expect(record.value).toBe(typeof body === 'string' ? body : '�\0');
    }
  });

  test('JSON without a media type of its own must have safe names, too', async () => {
    for (const type of ['application/json', ';charset=utf-8']) {
      const headers = newHeaders({'content-type': type});
      for (const body of ['{"a":1,"a":2}', '{"__proto__":1}'])
        expect((await app.post(EVENTS, body, headers)).status, type).toBe(422);
    }
  });

  test('an event without data is a record without a value', async () => {
    const response = await app.fetch(EVENTS, {
      method: 'POST',
      headers: newHeaders({authorization: `Bearer ${app.keys.writer}`, 'ce-subject': 'gone'}),
    });
    expect(await storedBy(response)).toMatchObject({key: 'gone', value: null});
  });

  test.each([
    ['Euro%20%E2%82%AC%20%F0%9F%98%80', 'Euro € 😀'],
    ['%e2%82%ac', '€'],
    ['%2541', '%41'],
    ['"say \\"hi\\" %21"', 'say "hi" !'],
    ['plain, with a comma', 'plain, with a comma'],
  ])('the header value %s says %s', async (encoded, subject) => {
    const record = await storedBy(await app.post(EVENTS, {}, newHeaders({'ce-subject': encoded})));
    expect(record.headers['ce_subject']).toBe(subject);
  });

  test('a header that comes twice is one value, as HTTP has it', async () => {
    const response = await app.fetch(EVENTS, {
      method: 'POST',
      body: '{}',
      headers: [
        ...Object.entries(
          newHeaders({
            authorization: `Bearer ${app.keys.writer}`,
            'content-type': 'application/json',
          }),
        ),
        ['ce-subject', 'a'],
        ['ce-subject', 'b'],
      ],
    });
    expect((await storedBy(response)).headers['ce_subject']).toBe('a, b');
  });

  test('extensions never stand in for headers of our own', async () => {
    const record = await storedBy(
      await app.post(
        EVENTS,
        {},
        newHeaders({
          'ce-traceparent': '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
          'ce-forebayshard': 'x',
          'ce-constructor': 'y',
        }),
      ),
    );
    expect(record.headers).toMatchObject({
      ce_traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      ce_forebayshard: 'x',
      ce_constructor: 'y',
    });
    expect(record.headers['traceparent']).not.toContain('0af7651916cd43dd8448eb211c80319c');
  });

  test.each([
    ['another version', {'ce-specversion': '2.0'}, '#/specversion'],
    ['a version that comes twice', {'ce-specversion': '1.0, 1.0'}, '#/specversion'],
    ['an empty id', {'ce-id': ''}, '#/id'],
    ['an id of 300 characters', {'ce-id': 'i'.repeat(300)}, '#/id'],
    ['a bomb of percent signs', {'ce-id': '%25'.repeat(3_000)}, '#/id'],
    ['half a percent-encoded byte', {'ce-subject': '100%'}, '#/subject'],
    ['an overlong sequence', {'ce-subject': '%C0%A0'}, '#/subject'],
    ['a half surrogate pair', {'ce-subject': '%ED%A0%80'}, '#/subject'],
    ['bytes that are not UTF-8', {'ce-subject': '%FF%FE'}, '#/subject'],
    ['characters that are not encoded', {'ce-subject': 'é'}, '#/subject'],
    ['a control character', {'ce-subject': 'a%0Ab'}, '#/subject'],
    ['a quote that is not closed', {'ce-subject': '"open'}, '#/subject'],
    ['a time without a zone', {'ce-time': '2026-11-21T12:00:00'}, '#/time'],
    ['a day that is none', {'ce-time': '2026-02-30T12:00:00Z'}, '#/time'],
    ['a second content type', {'ce-datacontenttype': 'text/plain'}, '#/datacontenttype'],
    ['a name that is none', {'ce-my_extension': 'x'}, '#/my_extension'],
    ['a name that is too long', {[`ce-${'n'.repeat(41)}`]: 'x'}, `#/${'n'.repeat(41)}`],
    ['data in a header', {'ce-data': 'x'}, '#/data'],
  ])('400 for %s', async (_, extra, pointer) => {
    const body = await expectProblem(
      await app.post(EVENTS, {}, newHeaders(extra)),
      400,
      'invalid-cloudevent',
    );
    expect(body.errors).toMatchObject([{index: 0, pointer, code: 'attribute-invalid'}]);
  });

  test.each(['id', 'source', 'type'])('400 without ce-%s', async (name) => {
    const {[`ce-${name}`]: _, ...headers} = newHeaders();
    const body = await expectProblem(
      await app.post(EVENTS, {}, headers),
      400,
      'invalid-cloudevent',
    );
    expect(body.errors).toMatchObject([{pointer: `#/${name}`}]);
  });

  test('400 for more extensions, or more of them, than a record can carry', async () => {
    const many = Array.from({length: MAX_EXTENSIONS + 1}, (_, n) => [`ce-x${n}`, 'x'] as const);
    const tooMany = await app.post(EVENTS, {}, newHeaders(Object.fromEntries(many)));
    expect((await expectProblem(tooMany, 400, 'invalid-cloudevent')).errors).toMatchObject([
      {code: 'too-many-attributes'},
    ]);
    const half = '%E2%82%AC'.repeat(MAX_ATTRIBUTES_BYTES / 6);
    const tooLarge = await app.post(EVENTS, {}, newHeaders({'ce-a': half, 'ce-b': half}));
    expect((await expectProblem(tooLarge, 400, 'invalid-cloudevent')).errors).toMatchObject([
      {code: 'attributes-too-large'},
    ]);
    const all = many.slice(1).map(([name]) => [name, 'x'.repeat(200)]);
    expect((await app.post(EVENTS, {}, newHeaders(Object.fromEntries(all)))).status).toBe(202);
  });

  test.each([
    ['data-invalid', 'application/json', '{"a":'],
    ['data-invalid', 'text/plain', new Uint8Array([0xc3])],
    ['too-deep', 'application/json', '['.repeat(65) + ']'.repeat(65)],
  ])('400 %s for data that is not what %s is', async (code, type, body) => {
    const response = await app.post(EVENTS, body, newHeaders({'content-type': type}));
    const {errors} = await expectProblem(response, 400, 'invalid-cloudevent');
    expect(errors).toMatchObject([{code}]);
  });
});

/** A delivery is proven by its raw bytes or it is not proven: the vectors providers publish, and everything near them. */
import {describe, expect, test} from 'vitest';
import {genericHmac, secret, standardWebhooks, twilio} from '../../../src/define/index.ts';
import {hex, toBase64, utf8} from '../../../src/lib/bytes.ts';
import {NOW_S, one, signedBy, VECTORS} from '../support/webhook-vectors.ts';
import type {Sent} from '../support/webhook-vectors.ts';

const vectors = Object.entries(VECTORS);

function signatureOf({scheme, headers}: Sent): readonly [name: string, value: string] {
  if (scheme.proof.kind !== 'signature') throw new Error('the scheme has no signature');
  const name = [scheme.proof.header].flat().find((each) => each in headers)!;
  return [name, headers[name]!];
}

function withHeader(sent: Sent, name: string, value: string): Sent {
  return {...sent, headers: {...sent.headers, [name]: value}};
}

describe.each(vectors)('%s', (_provider, vector) => {
  const [header, signature] = signatureOf(vector);

  test('what the provider signed is proven by its secret', async () => {
    expect(await signedBy(vector)).toBe(vector.secrets['ONE']);
  });

  test('one more byte, or one other, is not', async () => {
    const {body} = vector;
    expect(await signedBy({...vector, body: `${body}+`})).toBeNull();
    expect(await signedBy({...vector, body: `${body.slice(0, -1)}~`})).toBeNull();
    expect(await signedBy({...vector, body: ''})).toBeNull();
  });

  test('another secret, an empty one or none does not prove it', async () => {
    for (const secrets of [
      {ONE: 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD'},
      {ONE: `${vector.secrets['ONE']!} `},
      {ONE: ''},
      {},
      {OTHER: vector.secrets['ONE']!},
    ] as readonly Readonly<Record<string, string>>[]) {
      expect(await signedBy({...vector, secrets})).toBeNull();
    }
  });

  // The signature itself, without prefixes and what stands beside it.
  const [digits] = /[0-9A-Za-z+/]{20,}=*/.exec(signature)!;
  const changed = (to: string) => signature.replace(digits, to);

  test.each([
    ['missing', ''],
    ['empty', changed('')],
    ['cut', changed(digits.slice(0, -1))],
    ['cut by a byte', changed(digits.slice(0, -4))],
    ['cut at the front', changed(digits.slice(1))],
    ['longer', changed(`${digits}00`)],
    ['another', changed(digits.replace(/.$/, 'A').replace(/^./, 'A'))],
    ['in other letters', changed(swapCase(digits))],
    ['with white space inside', changed(`${digits.slice(0, 8)} ${digits.slice(8)}`)],
    ['behind white space', changed(` ${digits}`)],
    ['in quotes', changed(`"${digits}"`)],
    ['in letters nobody has', changed('!'.repeat(digits.length))],
    ['under another version', signature.replaceAll(/v1(?=[,=])|sha256|v0(?==)/g, 'v9')],
    ['one of a thousand', Array.from({length: 1_000}, () => signature).join(' ')],
  ])('a signature that is %s proves nothing', async (_what, hostile) => {
    // Hex means the same in either case, two providers name no version, and HTTP trims a header.
    if ([signature, changed(digits.toUpperCase())].includes(hostile.trim())) return;
    expect(await signedBy(withHeader(vector, header, hostile))).toBeNull();
  });

  test('no other provider’s signature proves it', async () => {
    for (const [, other] of vectors) {
      if (other.scheme.proof === vector.scheme.proof) continue;
      if (other.headers === vector.headers || other.body === vector.body) continue;
      const [, foreign] = signatureOf(other);
      expect(await signedBy(withHeader(vector, header, foreign))).toBeNull();
    }
  });
});

const timed = vectors.filter(
  ([, {scheme}]) => scheme.proof.kind === 'signature' && scheme.proof.timestamp !== undefined,
);

describe.each(timed)('the time %s signs', (_provider, vector) => {
  const nowS = vector.nowS ?? NOW_S;

  test.each([
    [-300, true],
    [300, true],
    [-301, false],
    [301, false],
    [-1e9, false],
    [1e9, false],
  ])('is near enough %d seconds away: %s', async (awayS, isNear) => {
    const found = await signedBy({...vector, nowS: nowS + awayS});
    expect(found).toBe(isNear ? vector.secrets['ONE'] : null);
  });

  test.each(['abc', '.0', ' 1', '0', '-', 'e3', '+', '\t5', '٠'])(
    'is digits and nothing else: not with “%s” behind it',
    async (tail) => {
      const changed = Object.fromEntries(
        Object.entries(vector.headers).map(([name, value]) => [
          name,
          value.replace(String(nowS), `${nowS}${encodeURIComponent(tail)}`),
        ]),
      );
      expect(await signedBy({...vector, headers: changed})).toBeNull();
    },
  );

  test('must be there, once', async () => {
    const none = Object.fromEntries(
      Object.entries(vector.headers)
        .map(([name, value]) => [name, value.replace(/^(t=)?\d{10},?/, '')] as const)
        .filter(([, value]) => value !== ''),
    );
    expect(await signedBy({...vector, headers: none})).toBeNull();
    const twice = Object.fromEntries(
      Object.entries(vector.headers).map(([name, value]) => [
        name,
        value.replace(/(?:t=)?\d{10}/, (time) => `${time},${time}`),
      ]),
    );
    expect(await signedBy({...vector, headers: twice})).toBeNull();
  });
});

describe('Standard Webhooks', () => {
  const vector = VECTORS['Standard Webhooks']!;

  test('an id with the dot that ends it proves nothing: the bytes would fit another body as well', async () => {
    const proof = genericHmac({
      source: 'dotted',
      ...one,
      header: 'signature',
      signed: [{header: 'id'}, '.', {part: 'body'}],
    });
    const signed = await hmacHex('key', 'a.b.c');
    const sent = {scheme: proof, secrets: {ONE: 'key'}, headers: {signature: signed}};
    expect(await signedBy({...sent, body: 'b.c', headers: {...sent.headers, id: 'a'}})).toBe('key');
    expect(await signedBy({...sent, body: 'c', headers: {...sent.headers, id: 'a.b'}})).toBeNull();
  });

  test.each(['1614265330.0', '1.61426533e9', '0x6037B672', '+1614265330', '01614265330'])(
    'a time that others would read as a number is none, even well signed: %s',
    async (time) => {
      const scheme = genericHmac({
        source: 'timed',
        ...one,
        header: 'signature',
        timestamp: {header: 'time'},
        signed: [{part: 'timestamp'}, '.', {part: 'body'}],
      });
      const signature = hex(await hmac(utf8('key'), `${time}.{}`));
      const sent = {scheme, secrets: {ONE: 'key'}, body: '{}', headers: {time, signature}};
      expect(await signedBy(sent)).toBeNull();
    },
  );

  test('ten signatures are tried, an eleventh is too many', async () => {
    const [, right] = signatureOf(vector);
    const wrong = `v1,${toBase64(new Uint8Array(32))}`;
    const list = (count: number) => [...Array.from({length: count - 1}, () => wrong), right];
    const sent = (count: number) => withHeader(vector, 'webhook-signature', list(count).join(' '));
    expect(await signedBy(sent(10))).not.toBeNull();
    expect(await signedBy(sent(11))).toBeNull();
  });

  test('v1a is an Ed25519 signature by the key pair of the definition', async () => {
    const pair = await keyPair();
    const content = `msg_1.${NOW_S}.{"a":1}`;
    const bytes = await crypto.subtle.sign('Ed25519', pair.privateKey, utf8(content));
    const signature = toBase64(new Uint8Array(bytes));
    const sent: Sent = {
      scheme: standardWebhooks({secret: secret('ONE'), publicKey: secret('PUBLIC')}),
      secrets: {ONE: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', PUBLIC: pair.whpk},
      body: '{"a":1}',
      headers: {
        'webhook-id': 'msg_1',
        'webhook-timestamp': String(NOW_S),
        'webhook-signature': `v1,${toBase64(new Uint8Array(32))} v1a,${signature}`,
      },
    };
    expect(await signedBy(sent)).toBe(pair.whpk);
    expect(await signedBy({...sent, body: '{"a":2}'})).toBeNull();
    // The same bytes under the other version's name.
    expect(await signedBy(withHeader(sent, 'webhook-signature', `v1,${signature}`))).toBeNull();
    const {whpk: strange} = await keyPair();
    expect(await signedBy({...sent, secrets: {PUBLIC: strange}})).toBeNull();
  });

  test('a public key is never taken for a shared secret, so nobody signs with what everybody knows', async () => {
    const {whpk} = await keyPair();
    const raw = Uint8Array.from(atob(whpk.slice('whpk_'.length)), (char) => char.charCodeAt(0));
    const sent = async (key: Uint8Array): Promise<Sent> => ({
      scheme: standardWebhooks(one),
      secrets: {ONE: whpk},
      body: '{}',
      headers: {
        'webhook-id': 'msg_1',
        'webhook-timestamp': String(NOW_S),
        'webhook-signature': `v1,${toBase64(await hmac(key, `msg_1.${NOW_S}.{}`))}`,
      },
    });
    expect(await signedBy(await sent(raw))).toBeNull();
    expect(await signedBy(await sent(utf8(whpk)))).toBeNull();
    const text = genericHmac({source: 'text', ...one, header: 'signature'});
    const signature = hex(await hmac(utf8(whpk), '{}'));
    const asText = {scheme: text, secrets: {ONE: whpk}, body: '{}', headers: {signature}};
    expect(await signedBy(asText)).toBeNull();
  });
});

describe('Twilio', () => {
  const vector = VECTORS['Twilio']!;

  test('the URL counts as it is called: with the public one of the definition, with and without a port', async () => {
    const url = 'http://10.0.0.7:8787/v1/webhooks/twilio?foo=1&bar=2';
    expect(await signedBy({...vector, url})).toBeNull();
    const behindProxy = twilio({...one, publicUrl: 'https://mycompany.com/myapp.php'});
    expect(await signedBy({...vector, url, scheme: behindProxy})).not.toBeNull();
    for (const port of [':443', ':8443']) {
      const called = vector.url!.replace('.com/', `.com${port}/`);
      expect(await signedBy({...vector, url: called})).not.toBeNull();
    }
    const signedWithPort = toBase64(
      await hmac(utf8('12345'), 'https://mycompany.com:443/x', 'SHA-1'),
    );
    const empty = {...vector, body: '', url: 'https://mycompany.com/x'};
    expect(await signedBy(withHeader(empty, 'x-twilio-signature', signedWithPort))).not.toBeNull();
  });

  test('a repeated field counts once for each of its values, sorted', async () => {
    const content = 'https://a.test/MediaUrl1MediaUrl2Toyou';
    const signature = toBase64(await hmac(utf8('12345'), content, 'SHA-1'));
    const body = 'To=you&MediaUrl=2&MediaUrl=1&MediaUrl=2';
    const sent = withHeader({...vector, url: 'https://a.test/', body}, ...twilioHeader(signature));
    expect(await signedBy(sent)).not.toBeNull();
  });

  test('a body that is no form is signed by the digest in the URL, and without one by nothing', async () => {
    const body = '{"a":1}';
    const digest = hex(new Uint8Array(await crypto.subtle.digest('SHA-256', utf8(body))));
    const json = async (url: string): Promise<Sent> => {
      const signature = toBase64(await hmac(utf8('12345'), url, 'SHA-1'));
      const sent = withHeader({...vector, url, body}, ...twilioHeader(signature));
      return withHeader(sent, 'content-type', 'application/json');
    };
    expect(await signedBy(await json(`https://a.test/?bodySHA256=${digest}`))).not.toBeNull();
    expect(await signedBy(await json('https://a.test/'))).toBeNull();
    expect(await signedBy(await json('https://a.test/?bodySHA256='))).toBeNull();
    const twice = await json(`https://a.test/?bodySHA256=${digest}&bodySHA256=00`);
    expect(await signedBy(twice)).toBeNull();
    const other = await json(`https://a.test/?bodySHA256=${digest}`);
    expect(await signedBy({...other, body: '{"a":2}'})).toBeNull();
  });
});

test('with several live secrets any of them is right, and one that is missing or no key disturbs none', async () => {
  const vector = VECTORS['Standard Webhooks']!;
  const scheme = standardWebhooks({secret: [secret('GONE'), secret('BROKEN'), secret('ONE')]});
  const secrets = {...vector.secrets, BROKEN: 'whsec_!'};
  expect(await signedBy({...vector, scheme, secrets})).toBe(vector.secrets['ONE']);
});

function swapCase(text: string): string {
  return Array.from(text, (char) =>
    char === char.toLowerCase() ? char.toUpperCase() : char.toLowerCase(),
  ).join('');
}

function twilioHeader(signature: string): ['x-twilio-signature', string] {
  return ['x-twilio-signature', signature];
}

async function keyPair(): Promise<{privateKey: CryptoKey; whpk: string}> {
  const pair = (await crypto.subtle.generateKey('Ed25519', true, [
    'sign',
    'verify',
  ])) as CryptoKeyPair;
  const raw = (await crypto.subtle.exportKey('raw', pair.publicKey)) as ArrayBuffer;
  return {privateKey: pair.privateKey, whpk: `whpk_${toBase64(new Uint8Array(raw))}`};
}

async function hmac(bytes: Uint8Array, text: string, hash = 'SHA-256'): Promise<Uint8Array> {
  const key = await crypto.subtle.importKey('raw', bytes, {name: 'HMAC', hash}, false, ['sign']);
  return new Uint8Array(await crypto.subtle.sign('HMAC', key, utf8(text)));
}

async function hmacHex(key: string, text: string): Promise<string> {
  return hex(await hmac(utf8(key), text));
}

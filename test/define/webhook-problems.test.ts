import {describe, expect, test} from 'vitest';
import * as z from 'zod';
import {
  definePipeline,
  defineStream,
  genericHmac,
  github,
  meta,
  microsoftGraph,
  secret,
  shopify,
  slack,
  standardWebhooks,
  stripe,
  twilio,
  webhook,
  x,
  zoom,
} from '../../src/define/index.ts';
import {secretNamesOf} from '../../src/define/webhook-scheme.ts';
import type {WebhookScheme} from '../../src/define/webhook-scheme.ts';
import {toError} from '../../src/lib/errors.ts';

function problemsOf(...schemes: readonly WebhookScheme[]): string {
  try {
    definePipeline({
      name: 'demo',
      views: [],
      streams: schemes.map((scheme, index) =>
        defineStream({
          name: `stream-${index}`,
          owner: 'team',
          schema: z.object({}),
          partitions: 1,
          accept: [webhook(scheme)],
        }),
      ),
    });
    return '';
  } catch (error) {
    return toError(error).message;
  }
}

const one = {secret: secret('ONE')};
const custom = {source: 'acme', header: 'x-signature', ...one};

test('every provider can be defined with no more than its secret, all side by side', () => {
  const schemes = [
    github(one),
    stripe(one),
    shopify(one),
    slack(one),
    twilio(one),
    zoom(one),
    meta({...one, verifyToken: secret('WORD')}),
    microsoftGraph({clientState: secret('ONE')}),
    x(one),
    standardWebhooks(one),
    standardWebhooks({publicKey: secret('PUBLIC'), source: 'asymmetric'}),
    genericHmac(custom),
  ];
  expect(problemsOf(...schemes)).toBe('');
  expect(schemes.map(({source}) => source)).toEqual([
    'github',
    'stripe',
    'shopify',
    'slack',
    'twilio',
    'zoom',
    'meta',
    'microsoft-graph',
    'x',
    'standard-webhooks',
    'asymmetric',
    'acme',
  ]);
});

test('a scheme is data: it survives JSON, and names its secrets but holds none', () => {
  const scheme = meta({secret: [secret('OLD'), secret('NEW')], verifyToken: secret('WORD')});
  expect(JSON.parse(JSON.stringify(scheme))).toEqual(scheme);
  expect(secretNamesOf(scheme)).toEqual(['OLD', 'NEW', 'WORD']);
});

test('two accounts of one provider are two sources, and may not be one', () => {
  expect(problemsOf(stripe(one), stripe({...one, source: 'stripe-eu'}))).toBe('');
  expect(problemsOf(stripe(one), stripe(one))).toContain(
    'two streams accept the webhook source "stripe"; its route can feed only one',
  );
});

describe('a problem of a scheme is a sentence that names the source', () => {
  test.each<[string, WebhookScheme]>([
    ['webhook source "Not A Name": the name must match', github({...one, source: 'Not A Name'})],
    ['webhook source "github": it has no secret', github({secret: []})],
    ['webhook source "standard-webhooks": it has no secret', standardWebhooks({})],
    ['it has 5 secrets', github({secret: Array.from({length: 5}, (_, n) => secret(`S${n}`))})],
    ['secret("") must name an environment variable', github({secret: secret('')})],
    ['secret("whsec_a+b=") must name', stripe({secret: secret('whsec_a+b=')})],
    ['"x signature" is no name of a header', genericHmac({...custom, header: 'x signature'})],
    ['a header has no name', genericHmac({...custom, header: []})],
    ['the body is not signed', genericHmac({...custom, signed: [{header: 'x-id'}, '.']})],
    [
      'text must follow a header',
      genericHmac({...custom, signed: [{header: 'x-id'}, {part: 'body'}]}),
    ],
    [
      'its timestamp is not signed',
      genericHmac({...custom, timestamp: {header: 'x-time'}, signed: [{part: 'body'}]}),
    ],
    [
      'say in timestamp where it is',
      genericHmac({...custom, signed: [{part: 'timestamp'}, {part: 'body'}]}),
    ],
    [
      'timestamp.toleranceS must be from 1 to 86400 seconds, not 0',
      genericHmac({
        ...custom,
        timestamp: {header: 'x-time', toleranceS: 0},
        signed: [{part: 'timestamp'}, '.', {part: 'body'}],
      }),
    ],
    [
      'publicUrl must be the whole URL',
      twilio({...one, publicUrl: 'https://example.com/hook?query=1'}),
    ],
    ['"id" is no JSON pointer', genericHmac({...custom, deliveryId: [{pointer: 'id'}]})],
    ['bodies is empty', genericHmac({...custom, bodies: []})],
    ['origins.allow must be', genericHmac({...custom, origins: {allow: []}})],
    [
      'origins.requestsPerMinute must be a whole number above 0, not 0.5',
      genericHmac({...custom, origins: {allow: '*', requestsPerMinute: 0.5}}),
    ],
    ['webhook source "meta": it has no secret', meta({...one, verifyToken: []})],
  ])('%s', (sentence, scheme) => {
    expect(problemsOf(scheme)).toContain(sentence);
  });
});

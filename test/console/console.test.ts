import {createServer, type Server} from 'node:http';
import type {AddressInfo} from 'node:net';
import {afterEach, expect, test} from 'vitest';
import {collectLayers, collectShards} from '../../console/collect-layers.ts';
import {consoleConfig} from '../../console/config.ts';
import {consoleApp} from '../../console/server.ts';
import {StageRates} from '../../console/stage-rates.ts';
import {statusDocument} from '../../console/status-document.ts';
import pipeline from '../support/two-streams.ts';
import {StatusDocument} from '../../src/protocol/status.ts';
import {drainShard, NOW_MS, processor, shard, task, wholeDrain, wholeTasks} from './samples.ts';

const ADMIN_KEY = 'fb_dev_0011223344556677_secret';
const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

/** A layer that gives one answer on one path; `null` never answers. */
async function layer(path: string, body: object | null, key?: string): Promise<string> {
  const server = createServer((request, response) => {
    if (body === null) return;
    const isAllowed = key === undefined || request.headers.authorization === `Bearer ${key}`;
    response.statusCode = request.url === path && isAllowed ? 200 : 404;
    response.end(JSON.stringify(body));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function consoleOver({
  drainBody,
  isGatewayUp = true,
}: {
  readonly drainBody: object | null;
  readonly isGatewayUp?: boolean;
}) {
  const shards = [
    shard({
      shard: 'readings/0',
      firstSeq: 11,
      nextSeq: 31,
      records: 20,
      bytes: 900,
      oldestAgeMs: 500,
    }),
  ];
  const gateway = {version: '0.1.0', pipeline: pipeline.fingerprint, shards};
  const urls = {
    gatewayUrl: await layer('/admin/v1/shards', gateway, ADMIN_KEY),
    drainUrls: [await layer('/status', drainBody)],
    processorUrls: [
      await layer(
        '/status',
        processor({
          tasks: wholeTasks([
            task({
              stableEndOffset: 50,
              appliedOffset: 45,
              committedOffset: 40,
              appliedReceivedMs: NOW_MS - 100,
              oldestUncommittedMs: NOW_MS - 100,
            }),
          ]),
        }),
      ),
    ],
  };
  const rates = new StageRates();
  return consoleApp({
    adminKey: ADMIN_KEY,
    version: '0.1.0',
    status: async () => {
      const layers = await collectLayers({adminKey: ADMIN_KEY, ...urls});
      return statusDocument({layers, nowMs: NOW_MS, pipeline, version: '0.1.0', rates});
    },
    shards: async () =>
      isGatewayUp ? (await collectShards({adminKey: ADMIN_KEY, ...urls})).shards : null,
  });
}

const samples = (text: string) => text.split('\n').filter((line) => /^[^#]/.test(line));

const authorized = {headers: {authorization: `Bearer ${ADMIN_KEY}`}};

test('one document brings all layers together', async () => {
  const app = await consoleOver({
    drainBody: {
      ...wholeDrain([drainShard('readings/0', 20, 10, NOW_MS - 300)]),
      lastError: 'Kafka was slow',
    },
  });
  const answer = await app.request('/v1/status', authorized);
  expect(answer.status).toBe(200);
  const document = StatusDocument.parse(await answer.json());
  expect(document.verdict).toBe('keeping up: 30 on the way');
  expect(Object.values(document.stages).map((stage) => stage?.lagRecords)).toEqual([10, 10, 5, 5]);
  expect(document.shards[0]).toMatchObject({
    receivedSeq: 20,
    committedSeq: 10,
    drainReplica: 'drain-1',
  });
  expect(document.partitions[0]).toMatchObject({lagRecords: 5, replica: 'processor-1'});
  expect(document.streams).toMatchObject([
    {
      name: 'readings',
      owner: 'field-devices',
      bufferedRecords: 20,
      unappliedRecords: 5,
      views: ['station-hour'],
    },
    {name: 'github', owner: 'developer-platform', bufferedRecords: 0, unappliedRecords: 0},
  ]);
  expect(document.versions.map(({part}) => part)).toEqual([
    'gateway',
    'drain',
    'processor',
    'console',
  ]);
  expect(document.problems).toEqual([]);
  expect(document.lastErrors).toEqual([
    {part: 'drain', replica: 'drain-1', message: 'Kafka was slow'},
  ]);
});

test.each([
  ['answers with something else', {hello: 'world'}],
  ['does not answer at all', null],
])('a layer that %s leaves its stages unknown, and the verdict says so', async (_, drainBody) => {
  const app = await consoleOver({drainBody});
  const document = StatusDocument.parse(await (await app.request('/v1/status', authorized)).json());
  expect(document.verdict).toBe('no answer from the drain: lag is not known there');
  expect(document.stages).toMatchObject({buffer: null, drain: null, processor: {lagRecords: 5}});
  expect(document.lastErrors[0]).toMatchObject({part: 'drain'});
});

test('only the admin key opens it, and health needs none', async () => {
  const app = await consoleOver({drainBody: null});
  for (const authorization of ['', `Bearer ${ADMIN_KEY}x`, ADMIN_KEY, `Basic ${ADMIN_KEY}`]) {
    const answer = await app.request('/v1/status', {headers: {authorization}});
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toContain('Bearer');
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
  }
  expect((await app.request('/health')).status).toBe(200);
  expect((await app.request('/ready')).status).toBe(200);
});

test('a scrape tells what the gateway holds now, and nothing while it does not answer', async () => {
  const app = await consoleOver({drainBody: null});
  const answer = await app.request('/metrics');
  expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4');
  expect(samples(await answer.text())).toEqual([
    'buffer_records{shard="readings/0"} 20',
    'buffer_bytes{shard="readings/0"} 900',
    'buffer_oldest_age_seconds{shard="readings/0"} 0.5',
  ]);
  const silent = await consoleOver({drainBody: null, isGatewayUp: false});
  const nothing = await silent.request('/metrics');
  expect(nothing.status).toBe(200);
  expect(samples(await nothing.text())).toEqual([]);
});

test('its configuration has the documented defaults and takes lists of replicas', () => {
  expect(() => consoleConfig({})).toThrow(/FOREBAY_ADMIN_KEY/);
  expect(
    consoleConfig({FOREBAY_ADMIN_KEY: 'k', FOREBAY_DRAIN_URLS: 'http://a:1/, http://b:2'}),
  ).toMatchObject({
    port: 8790,
    gatewayUrl: 'http://127.0.0.1:8787',
    drainUrls: ['http://a:1', 'http://b:2'],
    processorUrls: ['http://127.0.0.1:8789'],
  });
});

import {createHmac} from 'node:crypto';
import {expect, test} from 'vitest';
import {github as stream} from '../../../src/pipeline.ts';
import {githubDeliveries} from '../../../dev/demo/github-deliveries.ts';
import {collect} from '../../support/collect.ts';

test('every example is a delivery of its own, signed over its exact bytes', async () => {
  const deliveries = await collect(githubDeliveries('s3cret'));
  expect(deliveries).toHaveLength(329);
  const ids = deliveries.map(({headers}) => headers['x-github-delivery']);
  expect(new Set(ids).size).toBe(329);
  for (const {headers, body} of deliveries) {
    const hmac = createHmac('sha256', 's3cret').update(body).digest('hex');
    expect(headers['x-hub-signature-256']).toBe(`sha256=${hmac}`);
    expect(headers['x-github-delivery']).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    expect(stream.schema.safeParse(JSON.parse(body)).success).toBe(true);
  }
  expect(new Set(deliveries.map(({headers}) => headers['x-github-event'])).size).toBe(58);
});

test('a start that goes on begins with the next delivery, under the same id as before', async () => {
  const all = await collect(githubDeliveries('s3cret'));
  const rest = await collect(githubDeliveries('s3cret', 300));
  expect(rest).toEqual(all.slice(300));
});

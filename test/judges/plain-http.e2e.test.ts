import {afterAll, beforeAll, expect, test} from 'vitest';
import {startJudgeRun} from './support/judge-run.ts';
import type {JudgeRun} from './support/judge-run.ts';

let run: JudgeRun;
beforeAll(async () => {
  run = await startJudgeRun({pipelinePath: 'test/judges/support/pipeline.ts'});
});
afterAll(() => run.end());

test('what fetch sends is in Kafka byte for byte, under its key', async () => {
  const body = '{ "n": 1, "customer":"ada", "big": 9007199254740993 }';
  const response = await fetch(`${run.url}/v1/streams/orders`, {
    method: 'POST',
    body,
    headers: {authorization: `Bearer ${run.ingestKey}`, 'content-type': 'application/json'},
  });
  expect(response.status).toBe(202);
  const [record] = await run.arrived('orders', 1);
  expect(record).toMatchObject({
    key: 'ada',
    value: body,
    headers: {ce_specversion: '1.0', ce_type: 'orders', 'content-type': 'application/json'},
  });
});

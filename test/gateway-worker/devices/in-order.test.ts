import {expect, test} from 'vitest';
import {InOrder} from '../../../gateway-worker/devices/in-order.ts';

function recorded() {
  const batches: (readonly number[])[] = [];
  const gates: (() => void)[] = [];
  const queue = new InOrder<number>(async (items) => {
    batches.push(items);
    await new Promise<void>((resolve) => gates.push(resolve));
  });
  return {batches, gates, queue};
}

test('what gathers while a batch is handled is the next batch, in its order', async () => {
  const {batches, gates, queue} = recorded();
  queue.add(1);
  const done = queue.run();
  queue.add(2, 3);
  void queue.run();
  queue.add(4);
  expect(batches).toEqual([[1]]);
  gates[0]!();
  await Promise.resolve();
  await new Promise((resolve) => setImmediate(resolve));
  expect(batches).toEqual([[1], [2, 3, 4]]);
  gates[1]!();
  await done;
});

test('to run with nothing to do does not keep later items from being handled', async () => {
  const {batches, gates, queue} = recorded();
  await queue.run();
  queue.add(1);
  const done = queue.run();
  expect(batches).toEqual([[1]]);
  gates[0]!();
  await done;
});

test('what is dropped is never handled', async () => {
  const {batches, gates, queue} = recorded();
  queue.add(1);
  const done = queue.run();
  queue.add(2);
  queue.drop();
  gates[0]!();
  await done;
  expect(batches).toEqual([[1]]);
});

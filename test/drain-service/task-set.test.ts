import {expect, test} from 'vitest';
import {TaskSet, type RunnableTask} from '../../drain-service/task-set.ts';

/** Ends when told to, some time after it was stopped. */
class SlowTask implements RunnableTask {
  isStopped = false;
  readonly #ended = Promise.withResolvers<void>();

  run(): Promise<void> {
    return this.#ended.promise;
  }

  stop(): void {
    this.isStopped = true;
  }

  end(): void {
    this.#ended.resolve();
  }
}

function slowTasks(): {set: TaskSet<SlowTask>; created: (readonly [number, SlowTask])[]} {
  const created: (readonly [number, SlowTask])[] = [];
  const set = new TaskSet((number) => {
    const task = new SlowTask();
    created.push([number, task]);
    return task;
  });
  return {set, created};
}

test('what is wanted runs, and what is not wanted any more is stopped', () => {
  const {set, created} = slowTasks();
  set.want([1, 2]);
  set.want([2, 3]);
  expect(created.map(([number]) => number)).toEqual([1, 2, 3]);
  expect(created.map(([, task]) => task.isStopped)).toEqual([true, false, false]);
});

test('a task wanted again while it is stopping starts anew, after its end and not before', async () => {
  const {set, created} = slowTasks();
  set.want([1]);
  set.want([]);
  set.want([1]);
  expect(created).toHaveLength(1);
  created[0]![1].end();
  await expect.poll(() => created.length).toBe(2);
  expect(created[1]![1].isStopped).toBe(false);
});

test('stopping all waits for the last one to end', async () => {
  const {set, created} = slowTasks();
  set.want([1, 2]);
  let hasStopped = false;
  const stopping = set.stopAll().then(() => {
    hasStopped = true;
  });
  created[0]![1].end();
  await Promise.resolve();
  expect(hasStopped).toBe(false);
  created[1]![1].end();
  await stopping;
  expect(set.tasks).toEqual([]);
});

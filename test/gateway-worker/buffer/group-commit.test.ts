/** Whatever a commit throws, every request of it is answered and the next ones are served. */
import {expect, test} from 'vitest';
import {GroupCommit} from '../../../gateway-worker/buffer/group-commit.ts';
import type {GroupCommitOptions} from '../../../gateway-worker/buffer/group-commit.ts';

function commitsOf(options: Partial<GroupCommitOptions<number, number>> = {}) {
  const commits: (readonly number[])[] = [];
  const broken: unknown[] = [];
  const group = new GroupCommit<number, number>({
    commit: (requests) => {
      commits.push(requests);
      return requests.map((request) => request * 10);
    },
    sync: () => Promise.resolve(),
    onBroken: (error) => broken.push(error),
    sizeOf: () => 1,
    maxCommitBytes: 3,
    ...options,
  });
  return {group, commits, broken};
}

test('the first commits at once, those that come meanwhile together, within the bound', async () => {
  const {group, commits} = commitsOf();
  const answers = await Promise.all([1, 2, 3, 4, 5].map((request) => group.submit(request)));
  expect(answers).toEqual([10, 20, 30, 40, 50]);
  expect(commits).toEqual([[1], [2, 3, 4], [5]]);
  expect(group.waitingBytes).toBe(0);
});

test('nothing is answered before it is durable', async () => {
  const durable = Promise.withResolvers<void>();
  const {group} = commitsOf({sync: () => durable.promise});
  let isAnswered = false;
  const answer = group.submit(1).then(() => {
    isAnswered = true;
  });
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(isAnswered).toBe(false);
  durable.resolve();
  await answer;
});

test('a commit that throws rejects its requests and no others', async () => {
  const {group, broken} = commitsOf({
    commit: (requests) => {
      if (requests.includes(3)) throw new Error('three');
      return requests;
    },
  });
  const settled = await Promise.allSettled([1, 2, 3, 4, 5].map((request) => group.submit(request)));
  expect(settled.map(({status}) => status)).toEqual([
    'fulfilled',
    'rejected',
    'rejected',
    'rejected',
    'fulfilled',
  ]);
  expect(broken).toEqual([]);
  expect(await group.submit(6)).toBe(6);
});

test('a commit that answers too few requests rejects all of them instead of leaving one waiting', async () => {
  const {group} = commitsOf({commit: () => []});
  await expect(group.submit(1)).rejects.toThrow('answers each of its requests');
});

test('storage that fails to make a commit durable breaks the object, and nobody hangs', async () => {
  const {group, broken} = commitsOf({sync: () => Promise.reject(new Error('disk'))});
  const settled = await Promise.allSettled([group.submit(1), group.submit(2)]);
  expect(settled.map(({status}) => status)).toEqual(['rejected', 'rejected']);
  expect(broken).toHaveLength(2);
});

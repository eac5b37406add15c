import {beforeEach, describe, expect, test} from 'vitest';
import {topologyOf} from '../../../src/define/topology.ts';
import type {Owner} from '../../../stream-processor/owners/owner-record.ts';
import type {PartitionViews} from '../../../stream-processor/route/partition-views.ts';
import {neededPartitions} from '../../../stream-processor/route/route-views.ts';
import {ViewOwners} from '../../../stream-processor/route/view-owners.ts';
import {ModelOwner, partitionOfKey, pipeline, view} from './support/world.ts';

let mine: Map<string, PartitionViews>;
let announced: Map<string, Owner>;
let owners: ViewOwners;
beforeEach(() => {
  mine = new Map();
  announced = new Map();
  owners = new ViewOwners({
    topology: topologyOf(pipeline),
    replica: 'a',
    workerOf: (task) => mine.get(task),
    announced: (task) => announced.get(task),
    fetch,
  });
});

function announce(partition: number, replica: string, url = `http://${replica}`): void {
  const task = `readings.${partition}`;
  announced.set(task, {task, replica, url, sinceMs: 0});
}

const problem = (code: string) =>
  expect.objectContaining({problem: {code, detail: expect.any(String)}});

describe('the owner of a partition', () => {
  test('is the worker it is assigned to, whatever was announced', () => {
    const worker = new ModelOwner();
    mine.set('readings.1', worker);
    announce(1, 'b');
    expect(owners.anywhere(view, 1)).toBe(worker);
    expect(owners.here(view, 1)).toBe(worker);
  });

  test('is the replica that announced it, the same object for all its partitions', () => {
    announce(0, 'b');
    announce(1, 'b');
    announce(2, 'c');
    const first = owners.anywhere(view, 0);
    expect(owners.anywhere(view, 1)).toBe(first);
    expect(owners.anywhere(view, 2)).not.toBe(first);
    announce(1, 'b', 'http://b-at-another-place');
    expect(owners.anywhere(view, 1)).not.toBe(first);
  });

  test('is nobody until one is announced, and between two owners', () => {
    expect(() => owners.anywhere(view, 0)).toThrow(problem('restoring'));
    announce(0, 'a');
    expect(() => owners.anywhere(view, 0)).toThrow(problem('owner-away'));
    announce(0, 'b');
    expect(() => owners.here(view, 0)).toThrow(problem('not-local'));
  });
});

test('a key needs its own partition, no key needs all', () => {
  expect(neededPartitions(view, 'station-3')).toEqual([partitionOfKey('station-3')]);
  expect(neededPartitions(view, undefined)).toEqual([0, 1, 2, 3]);
});

import type {Pipeline} from '../../src/define/pipeline.ts';
import {topologyOf, type TaskGroup} from '../../src/define/topology.ts';
import {viewsBehind} from '../../src/define/views-behind.ts';
import type {Clock} from '../../src/lib/clock.ts';
import type {TopicNames} from '../../src/protocol/topics.ts';
import {sinkOf} from '../repartition/sink-of.ts';
import type {StoreFactory} from './store-factory.ts';
import {TaskEngine} from './task-engine.ts';

export interface EngineOptions {
  readonly group: TaskGroup;
  readonly partition: number;
  /** Views that it lists are published; others are only read by them. */
  readonly pipeline: Pick<Pipeline, 'views'>;
  readonly names: TopicNames;
  readonly clock: Clock;
}

/** The engine of a task, empty. */
export function createEngine(options: EngineOptions, stores: StoreFactory): TaskEngine {
  const {group, partition, pipeline, names, clock} = options;
  const topology = topologyOf(pipeline);
  const published = new Set(pipeline.views);
  return new TaskEngine({
    group,
    stores,
    isPublished: (view) => published.has(view),
    makeSink: (root, onLate) =>
      sinkOf(root, {topic: names.repartition(root.name), writer: partition, clock, onLate}),
    viewsBehind: (sink) => viewsBehind(topology, sink),
  });
}

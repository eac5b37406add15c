import type {Pipeline} from '../define/pipeline.ts';
import {murmur2} from './murmur2.ts';

/**
 * A shard is one buffer Durable Object and feeds one Kafka partition. Its name is `<stream>/<partition>`, where
 * `<stream>.rejected` is the stream of a stream's rejected events: a log of its own, so that the seqs of both are dense.
 * One more, `_<pipeline>.audit/0`, holds what administrators did.
 */
export interface Shard {
  readonly name: string;
  /** Also the topic without its prefix. */
  readonly stream: string;
  readonly partition: number;
}

/** Rejected events are few and read by people: one partition keeps them in one place. */
export const REJECTED_PARTITIONS = 1;

export function shardOf(stream: string, partition: number): Shard {
  return {name: `${stream}/${partition}`, stream, partition};
}

/** The shard that keeps what a stream rejected. */
export function rejectedShardOf(stream: string): Shard {
  return shardOf(rejectedStreamOf(stream), 0);
}

export function rejectedStreamOf(stream: string): string {
  return `${stream}.rejected`;
}

/** One partition, for the records are a chain. */
export const AUDIT_PARTITIONS = 1;

/** No stream's name begins like this. */
export function auditStreamOf(pipeline: Pick<Pipeline, 'name'>): string {
  return `_${pipeline.name}.audit`;
}

export function auditShardOf(pipeline: Pick<Pipeline, 'name'>): Shard {
  return shardOf(auditStreamOf(pipeline), 0);
}

/** Every shard a definition has, in a fixed order. The drain and the gateway derive the same list. */
export function shardsOf(pipeline: Pick<Pipeline, 'name' | 'streams'>): readonly Shard[] {
  return [
    ...pipeline.streams.flatMap((stream) => [
      ...Array.from({length: stream.partitions}, (_, partition) => shardOf(stream.name, partition)),
      rejectedShardOf(stream.name),
    ]),
    auditShardOf(pipeline),
  ];
}

/** `toPositive(murmur2(key)) % partitions`, as Java's default partitioner (BuiltInPartitioner.partitionForKey). */
export function partitionOf(key: Uint8Array, partitions: number): number {
  return (murmur2(key) & 0x7fffffff) % partitions;
}

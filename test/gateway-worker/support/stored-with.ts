import {recordsOf} from './shard-records.ts';
import type {StoredRecord} from './shard-records.ts';

export interface StoredWith {
  /** A stream of the tests' pipeline, or `<stream>.rejected`. */
  readonly stream: string;
  readonly partitions: number;
  /** In the key or the value of a record; nothing else has it. */
  readonly marker: string;
}

/** A test's own records among those of a stream that other tests send to as well. */
export async function storedWith(options: StoredWith): Promise<readonly StoredRecord[]> {
  const {stream, partitions, marker} = options;
  const shards = await Promise.all(
    Array.from({length: partitions}, (_, partition) => recordsOf(`${stream}/${partition}`)),
  );
  return shards.flat().filter(({key, value}) => `${key} ${value}`.includes(marker));
}

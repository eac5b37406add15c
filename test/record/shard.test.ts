import {murmur2 as judge} from '@platformatic/kafka';
import fc from 'fast-check';
import {expect, test} from 'vitest';
import {utf8} from '../../src/lib/bytes.ts';
import {murmur2} from '../../src/record/murmur2.ts';
import {partitionOf, shardsOf} from '../../src/record/shard.ts';

test('murmur2 agrees with the vectors of Kafka’s own UtilsTest', () => {
  // org.apache.kafka.common.utils.UtilsTest#testMurmur2
  const vectors: readonly (readonly [string, number])[] = [
    ['21', -973932308],
    ['foobar', -790332482],
    ['a-little-bit-long-string', -985981536],
    ['a-little-bit-longer-string', -1486304829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
    ['abc', 479470107],
  ];
  for (const [text, hash] of vectors) expect(murmur2(utf8(text))).toBe(hash);
});

test('murmur2 agrees with an independent implementation on any bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({maxLength: 70}), (bytes) => {
      expect(murmur2(bytes) | 0).toBe(judge(Buffer.from(bytes)) | 0);
    }),
  );
});

test('a key always has one partition within range', () => {
  fc.assert(
    fc.property(fc.string(), fc.integer({min: 1, max: 1_000}), (key, partitions) => {
      const partition = partitionOf(utf8(key), partitions);
      expect(partition).toBeGreaterThanOrEqual(0);
      expect(partition).toBeLessThan(partitions);
      expect(partitionOf(utf8(key), partitions)).toBe(partition);
    }),
  );
});

test('a pipeline’s shards are one per partition, one for what was rejected, and one audit', async () => {
  const {default: pipeline} = await import('../support/two-streams.ts');
  expect(shardsOf(pipeline).map((shard) => shard.name)).toEqual([
    'readings/0',
    'readings/1',
    'readings/2',
    'readings/3',
    'readings.rejected/0',
    'github/0',
    'github/1',
    'github/2',
    'github/3',
    'github.rejected/0',
    '_demo.audit/0',
  ]);
});

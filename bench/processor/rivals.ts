import {join} from 'node:path';
import type {JavaRival} from './java-rival.ts';

export interface RivalOptions {
  readonly brokers: string;
  readonly topic: string;
  readonly records: number;
  readonly workDir: string;
}

/** The job in Kafka Streams: exactly_once_v2, one thread, store in memory. */
export function kafkaStreams({brokers, topic, records, workDir}: RivalOptions): JavaRival {
  return {
    name: 'kstreams',
    mainClass: 'bench.StreamsApp',
    jvmFlags: [],
    job: {
      bootstrap: brokers,
      in: topic,
      out: `${topic}.kafka-streams`,
      app: `${topic}.kafka-streams`,
      'state-dir': join(workDir, 'kafka-streams'),
      expect: String(records),
      emit: 'final',
      cache: 'off',
      'retention-ms': '3600000',
      guarantee: 'eos',
      threads: '1',
      store: 'memory',
    },
  };
}

/** Where Flink writes: a topic that must be there. */
export function resultsOf(topic: string): string {
  return `${topic}.flink`;
}

/** The job in Flink SQL: exactly once, a checkpoint every 10 s, parallelism 1, state on the heap. */
export function flinkSql({brokers, topic, records, workDir}: RivalOptions): JavaRival {
  const packages = ['java.util', 'java.lang', 'java.time'];
  return {
    name: 'flink',
    mainClass: 'bench.FlinkApp',
    jvmFlags: packages.map((name) => `--add-opens=java.base/${name}=ALL-UNNAMED`),
    job: {
      bootstrap: brokers,
      in: topic,
      out: resultsOf(topic),
      group: `${topic}.flink`,
      expect: String(records),
      threads: '1',
      backend: 'hashmap',
      guarantee: 'eos',
      'checkpoint-dir': join(workDir, 'flink'),
      'linger-ms': '0',
    },
  };
}

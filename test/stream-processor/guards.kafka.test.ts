/** What is wrong in the input is counted and told, and stops nothing. */
import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import {utf8} from '../../src/lib/bytes.ts';
import type {ViewPage} from '../../src/protocol/query.ts';
import {kafkaForTests, uniqueName} from '../support/kafka.ts';
import {waitUntil} from '../support/wait-until.ts';
import {ProcessorProcess, temporaryFolder} from './support/processor-process.ts';
import {readingRecord, ReadingProducer} from './support/produce-readings.ts';

const DEADLINE_MS = 30_000;
const START_MS = Date.UTC(2026, 0, 1);

let folder: ReturnType<typeof temporaryFolder>;
let processor: ProcessorProcess | undefined;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(async () => {
  await processor?.kill();
  folder.remove();
});

describe('the processor', () => {
  test('drops duplicates, reports holes and leaves out what is not valid', async () => {
    const {brokers, kafka} = kafkaForTests();
    const prefix = `${uniqueName('guards')}.`;
    processor = await ProcessorProcess.start({brokers, prefix, stateDir: folder.path});
    await processor.ready();
    const topic = `${prefix}readings`;
    const producer = await ReadingProducer.open(kafka, topic);
    const reading = {station: 's', timeMs: START_MS, temperatureC: 1};
    const record = (seq: number, incarnation?: string) =>
      readingRecord(reading, {topic, seq, ...(incarnation === undefined ? {} : {incarnation})});
    await producer.sendRecords([
      ...[1, 2, 2, 3, 1, 6, 7].map((seq) => record(seq)),
      record(1, 'second'),
      record(1, 'second'),
      {...record(8), headers: []},
      {...record(2, 'second'), value: utf8('not json')},
      {...record(3, 'second'), value: utf8('{"station":1}')},
      record(4, 'second'),
    ]);
    const page = await waitUntil('the count', DEADLINE_MS, async () => {
      const each = await processor!.get<ViewPage>('/v1/views/minute?key=s');
      return (each.rows[0]?.['readings'] as number) >= 8 ? each : undefined;
    });
    // 1 2 3 6 7, the second incarnation's 1 and 4, and the one without marks.
    expect(page.rows).toMatchObject([{key: 's', readings: 8, totalC: 8, final: false}]);
    expect(page.watermark).toBe(START_MS);
    expect(await processor.metric('processor_duplicate_records_total')).toBe(3);
    expect(await processor.metric('processor_holes_total')).toBe(1);
    expect(await processor.metric('processor_invalid_records_total')).toBe(2);
    const hole = processor.lines.find(({level}) => level === 'error');
    expect(hole).toMatchObject({message: 'records of a shard are missing', missing: 2});
    await producer.close();
  });

  test('refuses a taken port and a bad configuration, and says which variable', async () => {
    const {brokers} = kafkaForTests();
    const prefix = `${uniqueName('ports')}.`;
    processor = await ProcessorProcess.start({brokers, prefix, stateDir: folder.path});
    const port = new URL(processor.url).port;
    const taken = await ProcessorProcess.run({FOREBAY_QUERY_PORT: port, KAFKA_BROKERS: brokers});
    expect(taken.exitCode).toBe(1);
    expect(taken.output).toContain('FOREBAY_QUERY_PORT');
    const bad = await ProcessorProcess.run({
      FOREBAY_QUERY_PORT: 'x',
      FOREBAY_REPLICA: '../up',
      KAFKA_BROKERS: 'nowhere',
    });
    expect(bad.exitCode).toBe(2);
    for (const name of ['FOREBAY_QUERY_PORT', 'FOREBAY_REPLICA', 'KAFKA_BROKERS']) {
      expect(bad.output).toContain(name);
    }
  });
});

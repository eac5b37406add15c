/** The end of a history: what the topics hold, what the drain's positions say, what the buffers still have. */
import {fromUtf8} from '../../src/lib/bytes.ts';
import type {IncomingRecord} from '../../src/kafka/ports.ts';
import type {ReadEntry} from '../chaos/history/entry.ts';
import type {SimLog} from './kafka/sim-log.ts';
import {DRAIN_TASK, names} from './sim-pipeline.ts';
import type {Simulation} from './simulation.ts';

const READER = 'final';

export function finalScan({world, broker, hosts}: Simulation): void {
  const internal = [names.drainProgress(), names.identity('processor')];
  for (const log of broker.logs) {
    if (internal.includes(log.topic) || log.topic.endsWith('.changelog')) continue;
    for (const record of log.read(0n, Number.POSITIVE_INFINITY).records)
      world.tell(readEntry(log, record));
    const {topic, partition, stableEnd} = log;
    world.tell({type: 'end', topic, partition, offset: String(stableEnd)});
  }
  const progress = broker.log(names.drainProgress(), DRAIN_TASK);
  for (const {key, value} of progress.read(0n, Number.POSITIVE_INFINITY).records) {
    if (key === null || value === null) continue;
    const {incarnation, seq} = JSON.parse(fromUtf8(value)) as {incarnation: string; seq: number};
    world.tell({type: 'progress', reader: READER, shard: fromUtf8(key), incarnation, seq});
  }
  for (const host of hosts) {
    const {incarnation, nextSeq, records, overflowed} = host.status();
    world.tell({type: 'buffer', shard: host.shard, incarnation, nextSeq, records, overflowed});
  }
}

function readEntry({topic, partition}: SimLog, record: IncomingRecord): Omit<ReadEntry, 'at'> {
  const headers = new Map(record.headers.map(([name, value]) => [name, fromUtf8(value)]));
  const seq = headers.get('forebay_seq');
  const previousSeq = headers.get('forebay_previous_seq');
  const isFinal = headers.get('forebay_final');
  return {
    type: 'read',
    reader: READER,
    topic,
    partition,
    offset: String(record.offset),
    key: record.key === null ? null : fromUtf8(record.key),
    id: headers.get('ce_id') ?? null,
    shard: headers.get('forebay_shard') ?? null,
    incarnation: headers.get('forebay_incarnation') ?? null,
    seq: seq === undefined ? null : Number(seq),
    ...(previousSeq === undefined ? {} : {previousSeq: Number(previousSeq)}),
    ...(isFinal === undefined ? {} : {isFinal: isFinal === 'true'}),
    value: record.value === null ? null : JSON.parse(fromUtf8(record.value)),
  };
}

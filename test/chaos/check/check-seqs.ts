import {describe} from './check-delivery.ts';
import type {Findings} from './findings.ts';
import {placeOf, readsOf, type ObservedRun, type Read} from './observed-run.ts';

/**
 * Dense seqs and conservation: of every shard and incarnation, Kafka has the seqs 1 to N once each, in order, dead letters
 * included; N is what the drain's progress says and what the buffer has given out, and the buffer holds nothing any more.
 */
export function checkSeqs(observed: ObservedRun, findings: Findings): void {
  const {run, log, progress, buffers} = observed;
  const topics = [...run.dataTopics, ...run.rejectedTopics, ...run.deadLetterTopics];
  const shards = new Map<string, Read[]>();
  for (const read of readsOf(log, topics)) {
    if (read.shard === null || read.incarnation === null || read.seq === null) {
      findings.add('hole', `${describe(read)} names no shard, incarnation or seq`);
      continue;
    }
    const name = `${read.shard} ${read.incarnation}`;
    const known = shards.get(name);
    if (known === undefined) shards.set(name, [read]);
    else known.push(read);
  }
  for (const [name, reads] of shards) {
    checkDense(name, reads, findings);
    checkAscending(reads, run.deadLetterTopics, findings);
  }
  for (const [shard, {incarnation, seq}] of progress) {
    const last = lastSeq(shards.get(`${shard} ${incarnation}`));
    // A shard whose topics this history does not follow says nothing.
    if (last === 0 && !buffers.some((buffer) => buffer.shard === shard)) continue;
    if (last !== seq)
      findings.add('torn-transaction', `the drain says ${shard} is at ${seq}, Kafka has ${last}`);
  }
  for (const {shard, nextSeq, records, overflowed, ...buffer} of buffers) {
    if (records > 0 || overflowed > 0)
      findings.add(
        'conservation',
        `${shard} still holds ${records} records, ${overflowed} overflowed`,
      );
    const incarnation = buffer.incarnation ?? progress.get(shard)?.incarnation;
    const last = lastSeq(shards.get(`${shard} ${incarnation}`));
    if (records === 0 && last !== nextSeq - 1)
      findings.add('conservation', `${shard} gave out ${nextSeq - 1} seqs, Kafka has ${last}`);
  }
}

function lastSeq(reads: readonly Read[] | undefined): number {
  return (reads ?? []).reduce((last, {seq}) => Math.max(last, seq!), 0);
}

function checkDense(name: string, reads: readonly Read[], findings: Findings): void {
  const seqs = reads.map(({seq}) => seq!).sort((a, b) => a - b);
  let expected = 1;
  for (const seq of seqs) {
    if (seq < expected) findings.add('duplicate', `${name} has seq ${seq} twice`);
    else if (seq > expected) findings.add('hole', `${name} has no seqs ${expected} to ${seq - 1}`);
    expected = seq + 1;
  }
}

/** Per topic the seqs go up, and where one is skipped, the next record names the one before the gap. */
function checkAscending(
  reads: readonly Read[],
  deadLetterTopics: readonly string[],
  findings: Findings,
): void {
  for (const own of Map.groupBy(reads, placeOf).values()) {
    let last = 0;
    for (const read of own) {
      const seq = read.seq!;
      if (seq <= last) findings.add('order', `seq ${seq} at ${describe(read)} comes after ${last}`);
      const isAnnounced =
        deadLetterTopics.includes(read.topic) || (read.previousSeq ?? seq - 1) === last;
      if (seq > last && !isAnnounced)
        findings.add('hole', `${describe(read)} does not say that it follows seq ${last}`);
      last = Math.max(last, seq);
    }
  }
}

/**
 * The arithmetic of lag, on the positions the layers report.
 *
 *        firstSeq        committedSeq     receivedSeq      nextSeq
 *   buffer  |── trimmed next ──|──── drain ────|──── buffer ───|
 *
 *        committedOffset      appliedOffset       stableEndOffset
 *   topic       |───── result ──────|───── processor ─────|
 *
 * The layers are asked at slightly different moments, so a later answer may be ahead of an earlier one: a difference
 * below zero is none. A position or an age that nobody tells is unknown, and so is every sum it is part of: a layer in
 * trouble must not look like one with nothing to do.
 */
import type {
  DrainShardStatus,
  DrainStatus,
  ProcessorStatus,
  ShardStatus,
} from '../src/protocol/status.ts';
import type {ProcessorTask, ViewedPartition} from './viewed-partitions.ts';

/** Lag of one stage at one moment; `null` when it is not known. */
export interface StageLag {
  readonly lagRecords: number | null;
  readonly lagSeconds: number | null;
}

export interface ShardPosition extends DrainShardStatus {
  readonly replica: string;
}

/** Per shard, what the drain that has it says. While ownership moves two may: the one further on is the owner. */
export function drainPositions(drains: readonly DrainStatus[]): ReadonlyMap<string, ShardPosition> {
  const positions = new Map<string, ShardPosition>();
  for (const {replica, tasks} of drains) {
    for (const shard of tasks.flatMap((task) => task.shards)) {
      const other = positions.get(shard.shard);
      if (other === undefined || seqOf(shard) >= seqOf(other)) {
        positions.set(shard.shard, {...shard, replica});
      }
    }
  }
  return positions;
}

/**
 * Accepted and not yet received by the drain. The age is that of the oldest record kept: exact while nothing is in
 * flight, else an upper bound, because the oldest one kept is then already with the drain.
 */
export function bufferLag(
  shards: readonly ShardStatus[],
  positions: ReadonlyMap<string, ShardPosition>,
): StageLag {
  const waiting = shards
    .map((shard) => ({shard, records: unreceivedRecords(shard, positions.get(shard.shard))}))
    .filter(({records}) => records > 0);
  return {
    lagRecords: sum(waiting.map(({records}) => records)),
    lagSeconds: Math.max(0, ...waiting.map(({shard}) => shard.oldestAgeMs / 1_000)),
  };
}

/** Received and not yet known to be committed in Kafka. */
export function drainLag({shards, positions, nowMs}: DrainLagOptions): StageLag {
  const firstSeqs = new Map(shards.map(({shard, firstSeq}) => [shard, firstSeq]));
  const inFlight = [...positions.values()]
    .map((position) => ({position, records: uncommitted(position, firstSeqs)}))
    .filter(({records}) => records > 0);
  return {
    lagRecords: sum(inFlight.map(({records}) => records)),
    lagSeconds: oldestSeconds(
      inFlight.map(({position}) => position.oldestInFlightMs),
      nowMs,
    ),
  };
}

export interface DrainLagOptions {
  readonly positions: ReadonlyMap<string, ShardPosition>;
  /** Where a shard begins that nothing was ever committed of. */
  readonly shards: readonly ShardStatus[];
  readonly nowMs: number;
}

/** In the topic and not yet applied. What waits was received after the newest applied record: the age is an upper bound. */
export function processorLag(partitions: readonly ViewedPartition[], nowMs: number): StageLag {
  const lagRecords = unappliedRecords(partitions);
  if (lagRecords === null) return {lagRecords, lagSeconds: null};
  const behind = partitions.flatMap(({task}) =>
    task === null || unapplied(task) === 0 ? [] : [task.appliedReceivedMs],
  );
  return {lagRecords, lagSeconds: oldestSeconds(behind, nowMs)};
}

/** Of all these partitions. */
export function unappliedRecords(partitions: readonly ViewedPartition[]): number | null {
  return partitions.reduce<number | null>((total, {task}) => {
    const records = task === null ? null : unapplied(task);
    return total === null || records === null ? null : total + records;
  }, 0);
}

/** Applied, with results not yet committed. */
export function resultLag(processors: readonly ProcessorStatus[], nowMs: number): StageLag {
  const open = processors.flatMap(({tasks}) => tasks).filter((task) => unpublished(task) > 0);
  return {
    lagRecords: sum(open.map(unpublished)),
    lagSeconds: oldestSeconds(
      open.map(({oldestUncommittedMs}) => oldestUncommittedMs),
      nowMs,
    ),
  };
}

/** Records of one partition in the topic and not applied; `null` while the positions are not known. */
export function unapplied({stableEndOffset, appliedOffset}: ProcessorTask): number | null {
  if (stableEndOffset === null || appliedOffset === null) return null;
  return difference(stableEndOffset, appliedOffset);
}

/** Records ever appended to the buffer, as far as its positions tell. */
export function appendedRecords(shards: readonly ShardStatus[]): number {
  return sum(shards.map(({nextSeq}) => nextSeq - 1));
}

export function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

/** Records of one shard that are accepted and not with the drain. */
export function unreceivedRecords(
  shard: ShardStatus,
  position: DrainShardStatus | undefined,
): number {
  const received = position?.receivedSeq ?? position?.committedSeq ?? shard.firstSeq - 1;
  return Math.max(0, shard.nextSeq - 1 - received);
}

function uncommitted(
  {shard, receivedSeq, committedSeq}: DrainShardStatus,
  firstSeqs: ReadonlyMap<string, number>,
): number {
  return difference(receivedSeq, committedSeq ?? (firstSeqs.get(shard) ?? 1) - 1);
}

/** A position also moves past what Kafka itself writes after a transaction; without a record before it nothing waits. */
function unpublished({appliedOffset, committedOffset, oldestUncommittedMs}: ProcessorTask): number {
  return oldestUncommittedMs === null ? 0 : difference(appliedOffset, committedOffset);
}

function difference(ahead: number | null, behind: number | null): number {
  return ahead === null || behind === null ? 0 : Math.max(0, ahead - behind);
}

/** One age that is not known may be the greatest. */
function oldestSeconds(timesMs: readonly (number | null)[], nowMs: number): number | null {
  const known = timesMs.filter((timeMs) => timeMs !== null);
  if (known.length < timesMs.length) return null;
  return Math.max(0, ...known.map((timeMs) => (nowMs - timeMs) / 1_000));
}

function seqOf({receivedSeq, committedSeq}: DrainShardStatus): number {
  return receivedSeq ?? committedSeq ?? -1;
}

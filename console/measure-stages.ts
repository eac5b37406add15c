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
 * below zero is none.
 */
import type {
  DrainShardStatus,
  DrainStatus,
  ProcessorStatus,
  ShardStatus,
} from '../src/protocol/status.ts';

/** Lag of one stage at one moment. */
export interface StageLag {
  readonly lagRecords: number;
  readonly lagSeconds: number;
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
    .map((shard) => ({shard, records: unreceived(shard, positions.get(shard.shard))}))
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
export function processorLag(processors: readonly ProcessorStatus[], nowMs: number): StageLag {
  const behind = tasksOf(processors).filter((task) => unapplied(task) > 0);
  return {
    lagRecords: sum(behind.map(unapplied)),
    lagSeconds: oldestSeconds(
      behind.map(({appliedReceivedMs}) => appliedReceivedMs),
      nowMs,
    ),
  };
}

/** Applied, with results not yet committed. */
export function resultLag(processors: readonly ProcessorStatus[], nowMs: number): StageLag {
  const open = tasksOf(processors).filter((task) => unpublished(task) > 0);
  return {
    lagRecords: sum(open.map(unpublished)),
    lagSeconds: oldestSeconds(
      open.map(({oldestUncommittedMs}) => oldestUncommittedMs),
      nowMs,
    ),
  };
}

export type ProcessorTask = ProcessorStatus['tasks'][number];

/** Records of one partition in the topic and not applied; 0 while the positions are not known. */
export function unapplied({stableEndOffset, appliedOffset}: ProcessorTask): number {
  return difference(stableEndOffset, appliedOffset);
}

/** Records ever appended to the buffer, as far as its positions tell. */
export function appendedRecords(shards: readonly ShardStatus[]): number {
  return sum(shards.map(({nextSeq}) => nextSeq - 1));
}

export function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function unreceived(shard: ShardStatus, position: ShardPosition | undefined): number {
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

function oldestSeconds(timesMs: readonly (number | null)[], nowMs: number): number {
  const ages = timesMs.flatMap((timeMs) => (timeMs === null ? [] : [(nowMs - timeMs) / 1_000]));
  return Math.max(0, ...ages);
}

function tasksOf(processors: readonly ProcessorStatus[]): readonly ProcessorTask[] {
  return processors.flatMap(({tasks}) => tasks);
}

function seqOf({receivedSeq, committedSeq}: DrainShardStatus): number {
  return receivedSeq ?? committedSeq ?? -1;
}

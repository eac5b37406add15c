import {randomOf} from '../../../dev/random-of.ts';
import {between} from '../../support/seeded-random.ts';
import type {FaultMaker} from '../faults/fault.ts';
import type {Schedule, ScheduledFault} from './schedule.ts';

/** Something must be under way before it can be disturbed. */
const WARM_UP_MS = 6_000;
/** The last faults end within the run. */
const COOL_DOWN_MS = 3_000;
export const FAULTS_PER_MINUTE = 6.5;
/** Of faults: begins together with the one before it, when that hits another part. */
const TOGETHER_SHARE = 0.2;
/** Of faults: a calm is before it, in which progress must be seen. */
const CALM_SHARE = 0.12;
const CALM_MS = [10_000, 18_000] as const;
/** Two faults of one part are so far apart. */
const SAME_PART_MS = 1_000;
const MAX_SEED = 2 ** 31 - 1;

/** Kinds that come more often than others, for the times of recovery to be more than an anecdote. */
const WEIGHTS: Readonly<Record<string, number>> = {
  'kill-gateway': 4,
  'kill-drain': 4,
  'kill-processor': 4,
  'kill-broker': 2,
  'hold-end-into-next-transaction-kafka-link': 3,
  'hold-send-into-next-transaction-kafka-link': 3,
};

export interface ScheduleOptions extends Omit<Schedule, 'faults' | 'note'> {
  /** Default: FAULTS_PER_MINUTE. */
  readonly faultsPerMinute?: number | undefined;
}

/**
 * The faults of a run, all from its seed. Kinds are dealt like cards, so that each has come before any comes again; each
 * fault has a seed of its own, so that it stays what it is when others are taken out.
 */
export function makeSchedule(
  {faultsPerMinute = FAULTS_PER_MINUTE, ...options}: ScheduleOptions,
  makers: readonly FaultMaker[],
): Schedule {
  const random = randomOf(options.seed);
  const cards = makers.flatMap((maker) =>
    Array.from({length: WEIGHTS[maker.kind] ?? 1}, () => maker),
  );
  const endMs = options.minutes * 60_000 - COOL_DOWN_MS;
  const faults: ScheduledFault[] = [];
  const busyUntilMs = new Map<FaultMaker['part'], number>();
  let deck: FaultMaker[] = [];
  let previous: FaultMaker | undefined;
  for (let atMs = WARM_UP_MS; makers.length > 0;) {
    if (deck.length === 0) deck = shuffled(cards, random);
    const maker = deck.pop()!;
    const seed = between(random, 0, MAX_SEED);
    const {target, detail, durationMs} = maker.make(randomOf(seed));
    const earliestMs = (busyUntilMs.get(maker.part) ?? 0) + SAME_PART_MS;
    const isTogether = previous?.part !== maker.part && random() < TOGETHER_SHARE;
    if (!isTogether) atMs += gapMs(random, 60_000 / faultsPerMinute);
    const startMs = Math.round(Math.max(atMs, earliestMs));
    if (startMs + durationMs > endMs) break;
    const fault = faults.length + 1;
    faults.push({fault, atMs: startMs, kind: maker.kind, seed, target, detail, durationMs});
    busyUntilMs.set(maker.part, startMs + durationMs);
    previous = maker;
  }
  return {...options, faults: faults.toSorted((a, b) => a.atMs - b.atMs)};
}

/** Exponential with a floor, so that the mean holds with what comes together and with the calms. */
function gapMs(random: () => number, meanMs: number): number {
  if (random() < CALM_SHARE) return between(random, ...CALM_MS);
  return 1_000 + -Math.log(1 - random()) * (meanMs - 1_000);
}

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const rest = [...items];
  return items.map(() => rest.splice(between(random, 0, rest.length - 1), 1)[0]!);
}

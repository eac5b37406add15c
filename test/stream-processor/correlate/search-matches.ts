import type {Step} from '../../../src/define/views/correlate.ts';
import type {SidedEvent} from '../support/operator-life.ts';

interface SearchOptions {
  readonly order: 'sequence' | 'any';
  readonly withinMs: number;
  readonly steps: readonly Step[];
}

interface FoundMatch {
  readonly first: SidedEvent;
  readonly endMs: number;
  readonly events: readonly SidedEvent[];
}

/** Matches by the definition: one first event after another, of events in the order of time. */
export function searchMatches(
  {order, withinMs, steps}: SearchOptions,
  ordered: readonly SidedEvent[],
): FoundMatch[] {
  const waits = order === 'any' ? steps.some(({isNegated}) => isNegated) : steps.at(-1)!.isNegated;
  return ordered.flatMap((first, place) => {
    const lastMs = first.timeMs + withinMs;
    const isWithin = ({key, timeMs}: SidedEvent) =>
      key === first.key && timeMs >= first.timeMs && timeMs <= lastMs;
    const later = ordered.slice(place + 1).filter(isWithin);
    const events =
      order === 'sequence'
        ? searchSequence(steps, first, later)
        : searchSet(steps, first, {later, all: ordered.filter(isWithin)});
    if (events === undefined) return [];
    const endMs = waits ? lastMs : Math.max(...events.map(({timeMs}) => timeMs));
    return [{first, endMs, events}];
  });
}

function fits({where}: Step, {event}: SidedEvent): boolean {
  return where!(event);
}

function searchSequence(
  all: readonly Step[],
  first: SidedEvent,
  later: readonly SidedEvent[],
): SidedEvent[] | undefined {
  if (!fits(all[0]!, first)) return undefined;
  const found = [first];
  let from = 0;
  let nots: Step[] = [];
  for (const each of all.slice(1)) {
    if (each.isNegated) {
      nots.push(each);
      continue;
    }
    const next = later.findIndex((event, place) => place >= from && fits(each, event));
    if (next === -1) return undefined;
    if (later.slice(from, next).some((event) => nots.some((one) => fits(one, event))))
      return undefined;
    found.push(later[next]!);
    from = next + 1;
    nots = [];
  }
  const isBroken = later.slice(from).some((event) => nots.some((one) => fits(one, event)));
  return isBroken ? undefined : found;
}

function searchSet(
  all: readonly Step[],
  first: SidedEvent,
  {later, all: span}: {later: readonly SidedEvent[]; all: readonly SidedEvent[]},
): SidedEvent[] | undefined {
  const wanted = all.filter(({isNegated}) => !isNegated);
  const nots = all.filter(({isNegated}) => isNegated);
  if (span.some((event) => nots.some((one) => fits(one, event)))) return undefined;
  const found: SidedEvent[] = [];
  for (const event of [first, ...later]) {
    if (found.length < wanted.length && canHold([...found, event], wanted)) found.push(event);
    else if (event === first) return undefined;
  }
  return found.length === wanted.length ? found : undefined;
}

/** Whether each event can have a step of its own. */
function canHold([first, ...rest]: readonly SidedEvent[], wanted: readonly Step[]): boolean {
  if (first === undefined) return true;
  return wanted.some(
    (each) =>
      fits(each, first) &&
      canHold(
        rest,
        wanted.filter((one) => one !== each),
      ),
  );
}

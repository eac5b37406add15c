export interface ShrinkOptions<Fault> {
  readonly faults: readonly Fault[];
  /** Whether a run with these faults, in this order, still fails. */
  readonly fails: (faults: readonly Fault[]) => Promise<boolean>;
  /** No further run begins after it. */
  readonly isOver: () => boolean;
}

/**
 * A small set of faults that still fails, by leaving out ever smaller parts (Zeller's ddmin). Real processes do not fail
 * the same way every time: what is left failed at least once, and what was left out was not needed that time.
 */
export async function shrink<Fault>({
  faults,
  fails,
  isOver,
}: ShrinkOptions<Fault>): Promise<readonly Fault[]> {
  let smallest = faults;
  for (let parts = 2; smallest.length > 1 && parts <= smallest.length;) {
    const found = await firstFailing(candidates(smallest, parts), {fails, isOver});
    if (isOver() && found === undefined) break;
    if (found !== undefined) {
      smallest = found;
      parts = 2;
    } else if (parts === smallest.length) break;
    else parts = Math.min(parts * 2, smallest.length);
  }
  return smallest;
}

/** One part alone, then all but one part. */
function* candidates<Fault>(faults: readonly Fault[], parts: number): Generator<readonly Fault[]> {
  const size = Math.ceil(faults.length / parts);
  const chunks = Array.from({length: parts}, (_, at) => faults.slice(at * size, (at + 1) * size));
  const whole = chunks.filter((chunk) => chunk.length > 0);
  yield* whole;
  if (whole.length <= 2) return;
  for (const left of whole) yield faults.filter((fault) => !left.includes(fault));
}

async function firstFailing<Fault>(
  all: Iterable<readonly Fault[]>,
  {fails, isOver}: Pick<ShrinkOptions<Fault>, 'fails' | 'isOver'>,
): Promise<readonly Fault[] | undefined> {
  for (const faults of all) {
    if (isOver()) return undefined;
    if (await fails(faults)) return faults;
  }
  return undefined;
}

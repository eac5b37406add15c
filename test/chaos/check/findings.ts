import type {Invariant, Violation} from '../history/verdict.ts';

/** Of one invariant; all are counted. */
const MAX_SHOWN = 20;

export const INVARIANTS = [
  'loss',
  'duplicate',
  'phantom',
  'uncommitted-read',
  'offset-disagreement',
  'order',
  'hole',
  'torn-transaction',
  'conservation',
  'aggregate',
  'late',
  'query',
  'progress',
] as const satisfies readonly Invariant[];

/** What was found wrong, all of it counted and the first of each kind kept. */
export class Findings {
  readonly #counts = Object.fromEntries(INVARIANTS.map((each) => [each, 0])) as Record<
    Invariant,
    number
  >;
  readonly #shown: Violation[] = [];

  add(invariant: Invariant, detail: string): void {
    this.#counts[invariant] += 1;
    if (this.#counts[invariant] <= MAX_SHOWN) this.#shown.push({invariant, detail});
  }

  get counts(): Readonly<Record<Invariant, number>> {
    return this.#counts;
  }

  get shown(): readonly Violation[] {
    return this.#shown;
  }
}

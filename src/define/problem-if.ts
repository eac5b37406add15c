/** What the checks of a definition have in common: each returns its problems as sentences. */

/** Also a topic's name, so it must be one; dots are kept for what Forebay derives (`<stream>.rejected`). */
export const NAME = /^[a-z][a-z0-9-]{0,62}$/;

/** Of a topic. */
export const MAX_PARTITIONS = 1_000;

export function problemIf(isProblem: boolean, problem: string): string[] {
  return isProblem ? [problem] : [];
}

export function isWithin(value: number, low: number, high: number): boolean {
  return Number.isSafeInteger(value) && value >= low && value <= high;
}

export function duplicates(names: readonly string[]): string[] {
  return [...new Set(names.filter((name, index) => names.indexOf(name) !== index))];
}

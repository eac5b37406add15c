/** What some events add up to. */
export interface Amounts {
  readonly count: number;
  readonly sum: number;
  readonly min: number;
  readonly max: number;
}

export function amountsOf(amount: number): Amounts {
  return {count: 1, sum: amount, min: amount, max: amount};
}

export function together(a: Amounts | undefined, b: Amounts): Amounts {
  if (a === undefined) return b;
  return {
    count: a.count + b.count,
    sum: a.sum + b.sum,
    min: Math.min(a.min, b.min),
    max: Math.max(a.max, b.max),
  };
}

/** A result has some of them, and perhaps the mean. */
export function agrees(
  amounts: Amounts,
  result: Partial<Amounts> & {readonly mean?: number},
): boolean {
  const names = ['count', 'sum', 'min', 'max'] as const;
  const present = names.filter((name) => result[name] !== undefined);
  const {mean = amounts.sum / amounts.count} = result;
  return (
    present.length > 0 &&
    present.every((name) => result[name] === amounts[name]) &&
    mean === amounts.sum / amounts.count
  );
}

import {Problem} from '../answer/problem.ts';
import {issue} from '../validate/issue.ts';

export interface IntegerRange {
  readonly min: number;
  readonly max: number;
  /** When the parameter is not there. */
  readonly or: number;
}

/** @throws Problem `invalid-request` for anything but a decimal integer in its range */
export function queryInteger(
  params: URLSearchParams,
  name: string,
  {min, max, or}: IntegerRange,
): number {
  const text = params.get(name);
  if (text === null) return or;
  const value = /^\d{1,16}$/.test(text) ? Number(text) : NaN;
  if (value >= min && value <= max) return value;
  throw new Problem('invalid-request', `${name} is a whole number from ${min} to ${max}`, {
    errors: [issue('parameter-invalid', `a whole number from ${min} to ${max}`, [name])],
  });
}

import type {AmountRange} from '../history/entry.ts';

export function isIn({from, to}: AmountRange, amount: number): boolean {
  return from <= amount && amount < to;
}

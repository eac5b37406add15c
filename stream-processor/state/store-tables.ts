import type {StateStore} from './state-store.ts';

/**
 * Of each store of a task the table of the checkpoint that it is in. A checkpoint of other stores is of no use: behind its
 * offset the changelog has only what changed since, and nobody kept up what a store has that was not there, or elsewhere.
 */
export function storeTables(stores: readonly StateStore[]): Readonly<Record<string, string>> {
  return Object.fromEntries(stores.map(({name, table}) => [name, table]));
}

export function areSameTables(
  a: Readonly<Record<string, string>>,
  b: Readonly<Record<string, string>>,
): boolean {
  const names = Object.keys(a);
  return (
    names.length === Object.keys(b).length &&
    names.every((name) => Object.hasOwn(b, name) && a[name] === b[name])
  );
}

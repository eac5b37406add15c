import type {KeyMatches} from './key-matches.ts';

/** Keys whose open matches are in memory; those of others are worked out again from their events. */
const MAX_KEYS = 20_000;

/** The open matches of the keys that were used last. */
export class MatchCache {
  readonly #matches = new Map<string, KeyMatches>();

  get(key: string): KeyMatches | undefined {
    return this.#matches.get(key);
  }

  set(key: string, matches: KeyMatches): void {
    // A map keeps the order in which its keys were put.
    this.#matches.delete(key);
    this.#matches.set(key, matches);
    if (this.#matches.size <= MAX_KEYS) return;
    for (const [oldest] of this.#matches) {
      this.#matches.delete(oldest);
      return;
    }
  }

  delete(key: string): void {
    this.#matches.delete(key);
  }
}

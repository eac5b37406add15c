/** What an `enrich` asks. */
export interface TableReader {
  /** The row of a key as it is now; `undefined`: there is none. */
  rowOf(key: string): unknown;
}

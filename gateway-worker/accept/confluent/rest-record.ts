import type {Issue} from '../../validate/issue.ts';

/** A record of a produce request, whichever version of the API it came by. */
export interface RestRecord {
  readonly key: RestData | null;
  /** `null`: a record without a value. */
  readonly value: RestData | null;
  /** Where the sender wants it. */
  readonly partition: number | null;
  readonly headers: readonly RestHeader[];
  readonly timeMs: number | null;
}

export interface RestData {
  readonly type: DataType;
  readonly data: unknown;
  /** Of `data`, as it came. */
  readonly bytes: Uint8Array;
}

export const DATA_TYPES = ['BINARY', 'JSON', 'STRING'] as const;
export type DataType = (typeof DATA_TYPES)[number];

export interface RestHeader {
  readonly name: string;
  /** Base64. */
  readonly value: string;
}

/** What stands in the place of a record: its JSON text and what it says. */
export interface JsonPart {
  readonly bytes: Uint8Array;
  readonly value: unknown;
}

/** A record that is none: what came instead, and why. */
export interface InvalidRecord {
  readonly bytes: Uint8Array;
  readonly issue: Issue;
}

export function isInvalid(record: RestRecord | InvalidRecord): record is InvalidRecord {
  return 'issue' in record;
}

/** What a processor says to the process that runs one statement, and what that answers: one answer to each request. */
import type {SqlResult, SqlValue} from '../../src/protocol/query.ts';

export interface SqlTableShape {
  readonly name: string;
  /** The same rows under a name without dashes. */
  readonly alias: string | undefined;
  readonly columns: readonly string[];
  /** Its fields are those of its rows: a table without rows takes any column for one of nulls. */
  readonly isOpen: boolean;
}

export interface TableChange {
  readonly table: SqlTableShape;
  /** Goes first: all rows are gone. */
  readonly isNew: boolean;
  readonly delete: readonly number[];
  readonly insert: readonly NumberedRow[];
}

/** A row by its number in the table, with a value for each column. */
export type NumberedRow = readonly [rowNumber: number, ...values: SqlValue[]];

export type SqlAsk =
  | {readonly kind: 'load'; readonly changes: readonly TableChange[]}
  | {
      readonly kind: 'run';
      readonly sql: string;
      readonly params: readonly SqlValue[];
      readonly maxRows: number;
      readonly maxBytes: number;
    };

export type SqlReply =
  | {readonly kind: 'loaded'}
  | ({readonly kind: 'result'} & SqlResult)
  | {readonly kind: 'invalid'; readonly message: string}
  | {readonly kind: 'too-many-rows'; readonly message: string};

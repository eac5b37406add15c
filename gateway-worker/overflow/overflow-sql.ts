/** All SQL of a shard's waiting line. */

/**
 * `overflow_ticket`  a row per ticket, written when it is reserved, confirmed and when parts of it enter the log; deleted
 *                    with the last part, when it is cancelled, or long after it was given up
 * `overflow_part`    records that are here and wait for their turn, written by append and by the queue's consumer, deleted
 *                    in the transaction that puts them into the log
 * `overflow_taken`   ids of messages outside the line that were taken, deleted when no copy of them can be left
 */
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS overflow_ticket (
    number INTEGER PRIMARY KEY AUTOINCREMENT,   -- never used twice, also after all were deleted
    state TEXT NOT NULL,                        -- waiting-line.ts
    since_ms INTEGER NOT NULL,                  -- when it got this state
    parts INTEGER NOT NULL,                     -- 0 until it is confirmed
    next_part INTEGER NOT NULL,                 -- parts below it are in the log
    records INTEGER NOT NULL,                   -- not in the log yet
    bytes INTEGER NOT NULL,
    missed_ms INTEGER,                          -- since when others wait for it alone; NULL: they don't
    ids BLOB                                    -- 16 bytes for each record that has an id, in no order; NULL: in its parts
  ) STRICT;
  CREATE TABLE IF NOT EXISTS overflow_part (
    number INTEGER NOT NULL,
    part INTEGER NOT NULL,
    count INTEGER NOT NULL,
    ids BLOB,
    bytes BLOB NOT NULL,
    PRIMARY KEY (number, part)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS overflow_taken (
    id TEXT PRIMARY KEY,
    taken_ms INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
`;

/**
 * `reserved`: its messages are being sent. `sent`: they are in the queue. `here`: its records never were in the queue.
 * `missed`: given up; what still comes of it enters the log as it comes.
 */
export type TicketState = 'reserved' | 'sent' | 'here' | 'missed';

export interface TicketRow extends Record<string, SqlStorageValue> {
  number: number;
  state: TicketState;
  since_ms: number;
  parts: number;
  next_part: number;
  records: number;
  bytes: number;
  missed_ms: number | null;
}

interface IdsRow extends Record<string, SqlStorageValue> {
  number: number;
  ids: ArrayBuffer;
}

export interface PartRow extends Record<string, SqlStorageValue> {
  part: number;
  count: number;
  ids: ArrayBuffer | null;
  bytes: ArrayBuffer;
}

interface PartSumRow extends Record<string, SqlStorageValue> {
  number: number;
  records: number;
  bytes: number;
}

export interface NewTicket {
  readonly state: TicketState;
  readonly sinceMs: number;
  readonly parts: number;
  readonly records: number;
  readonly bytes: number;
  readonly ids: Uint8Array | null;
}

export interface NewPart {
  readonly number: number;
  readonly part: number;
  readonly count: number;
  readonly ids: Uint8Array | null;
  readonly bytes: Uint8Array;
}

export type OverflowStatements = ReturnType<typeof overflowStatements>;

const TICKET = 'number, state, since_ms, parts, next_part, records, bytes, missed_ms';

/** Makes the tables if they are missing. */
export function overflowStatements(sql: SqlStorage) {
  sql.exec(SCHEMA);
  return {...ticketStatements(sql), ...partStatements(sql), ...takenStatements(sql)};
}

function ticketStatements(sql: SqlStorage) {
  return {
    tickets: () => sql.exec<TicketRow>(`SELECT ${TICKET} FROM overflow_ticket ORDER BY number`),
    ticketIds: () =>
      sql.exec<IdsRow>(
        `SELECT number, ids FROM overflow_ticket WHERE ids IS NOT NULL AND state <> 'missed'
         UNION ALL SELECT number, ids FROM overflow_part WHERE ids IS NOT NULL`,
      ),
    insertTicket: ({state, sinceMs, parts, records, bytes, ids}: NewTicket) =>
      sql
        .exec<TicketRow>(
          `INSERT INTO overflow_ticket (state, since_ms, parts, next_part, records, bytes, ids)
           VALUES (?, ?, ?, 0, ?, ?, ?) RETURNING ${TICKET}`,
          state,
          sinceMs,
          parts,
          records,
          bytes,
          ids,
        )
        .one(),
    updateTicket: (row: TicketRow) =>
      sql.exec(
        `UPDATE overflow_ticket SET state = ?, since_ms = ?, parts = ?, next_part = ?, records = ?, bytes = ?,
         missed_ms = ? WHERE number = ?`,
        row.state,
        row.since_ms,
        row.parts,
        row.next_part,
        row.records,
        row.bytes,
        row.missed_ms,
        row.number,
      ),
    deleteTicket: (number: number) =>
      sql.exec('DELETE FROM overflow_ticket WHERE number = ?', number),
  };
}

function partStatements(sql: SqlStorage) {
  return {
    parts: (number: number, limit: number) =>
      sql
        .exec<PartRow>(
          'SELECT part, count, ids, bytes FROM overflow_part WHERE number = ? ORDER BY part LIMIT ?',
          number,
          limit,
        )
        .toArray(),
    hasPart: (number: number, part: number) =>
      sql.exec('SELECT 1 FROM overflow_part WHERE number = ? AND part = ?', number, part).toArray()
        .length > 0,
    insertPart: ({number, part, count, ids, bytes}: NewPart) =>
      sql.exec(
        'INSERT INTO overflow_part (number, part, count, ids, bytes) VALUES (?, ?, ?, ?, ?)',
        number,
        part,
        count,
        ids,
        bytes,
      ),
    deletePartsUpTo: (number: number, part: number) =>
      sql.exec('DELETE FROM overflow_part WHERE number = ? AND part <= ?', number, part),
    partSums: () =>
      sql.exec<PartSumRow>(
        'SELECT number, sum(count) AS records, sum(length(bytes)) AS bytes FROM overflow_part GROUP BY number',
      ),
  };
}

function takenStatements(sql: SqlStorage) {
  return {
    isTaken: (id: string) =>
      sql.exec('SELECT 1 FROM overflow_taken WHERE id = ?', id).toArray().length > 0,
    insertTaken: (id: string, takenMs: number) =>
      sql.exec('INSERT INTO overflow_taken (id, taken_ms) VALUES (?, ?)', id, takenMs),
    takenCount: () =>
      sql.exec<{rows: number}>('SELECT count(*) AS rows FROM overflow_taken').one().rows,
    deleteTakenBefore: (ms: number) =>
      sql.exec('DELETE FROM overflow_taken WHERE taken_ms < ?', ms),
  };
}

/**
 * Two generations of the same two tables: what is written goes into the current one, what is looked for may be in either.
 * When a generation is old enough the older one is dropped, which costs no row, and takes its place. So nothing is ever
 * deleted row by row.
 *
 * clients: the newest connection of a client and the object it is in; `connection` is empty after a DISCONNECT. `resends`
 *   is 1 while packets without DUP may be redeliveries. Missing: the client was not heard of for long, and its
 *   connection, if it has one, must connect anew.
 * packets: what was last sent under a packet id, when first, and as which event. Missing: a redelivery is a new event.
 * generation: one row. `current` is 0 or 1.
 */
const TABLES = (generation: number): string => `
CREATE TABLE IF NOT EXISTS clients_${generation} (
  client BLOB PRIMARY KEY,
  object TEXT NOT NULL,
  connection TEXT NOT NULL,
  resends INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS packets_${generation} (
  client BLOB NOT NULL,
  packet_id INTEGER NOT NULL,
  digest BLOB NOT NULL,
  event_id TEXT NOT NULL,
  sent_ms INTEGER NOT NULL,
  PRIMARY KEY (client, packet_id)
) STRICT, WITHOUT ROWID;`;

const SCHEMA = `
CREATE TABLE IF NOT EXISTS generation (
  lock INTEGER PRIMARY KEY DEFAULT 1 CHECK (lock = 1),
  current INTEGER NOT NULL,
  since_ms INTEGER NOT NULL
) STRICT;
${TABLES(0)}${TABLES(1)}`;

export type ClientRow = {
  readonly object: string;
  readonly connection: string;
  readonly resends: number;
};
export type PacketRow = {
  readonly digest: ArrayBuffer;
  readonly event_id: string;
  readonly sent_ms: number;
};
export type GenerationRow = {readonly current: number; readonly since_ms: number};

export interface RegistrySql {
  readonly generation: () => GenerationRow | undefined;
  /** Drops what is in the tables of `current`, and writes there from now on. */
  readonly begin: (current: number, sinceMs: number) => void;
  readonly client: (generation: number, client: ArrayBuffer) => ClientRow | undefined;
  readonly putClient: (generation: number, client: ArrayBuffer, row: ClientRow) => void;
  readonly packet: (
    generation: number,
    client: ArrayBuffer,
    packetId: number,
  ) => PacketRow | undefined;
  readonly putPacket: (
    generation: number,
    client: ArrayBuffer,
    packetId: number,
    row: PacketRow,
  ) => void;
}

export function registrySql(sql: SqlStorage): RegistrySql {
  sql.exec(SCHEMA);
  return {
    generation: () =>
      sql.exec<GenerationRow>('SELECT current, since_ms FROM generation').toArray()[0],
    begin(current, sinceMs) {
      sql.exec(`DROP TABLE clients_${current}; DROP TABLE packets_${current}; ${TABLES(current)}`);
      sql.exec(
        'INSERT OR REPLACE INTO generation (lock, current, since_ms) VALUES (1, ?, ?)',
        current,
        sinceMs,
      );
    },
    client: (generation, client) =>
      sql
        .exec<ClientRow>(
          `SELECT object, connection, resends FROM clients_${generation} WHERE client = ?`,
          client,
        )
        .toArray()[0],
    putClient: (generation, client, {object, connection, resends}) =>
      void sql.exec(
        `INSERT OR REPLACE INTO clients_${generation} VALUES (?, ?, ?, ?)`,
        client,
        object,
        connection,
        resends,
      ),
    packet: (generation, client, packetId) =>
      sql
        .exec<PacketRow>(
          `SELECT digest, event_id, sent_ms FROM packets_${generation} WHERE client = ? AND packet_id = ?`,
          client,
          packetId,
        )
        .toArray()[0],
    putPacket: (generation, client, packetId, {digest, event_id: eventId, sent_ms: sentMs}) =>
      void sql.exec(
        `INSERT OR REPLACE INTO packets_${generation} VALUES (?, ?, ?, ?, ?)`,
        client,
        packetId,
        digest,
        eventId,
        sentMs,
      ),
  };
}

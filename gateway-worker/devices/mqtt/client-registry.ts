import {must} from '../../../src/lib/assert.ts';
import {fromHex} from '../../../src/lib/bytes.ts';
import type {ClaimRequest, ClientConnection, NameRequest, PacketToName} from './client-homes.ts';
import {registrySql} from './registry-sql.ts';
import type {ClientRow, PacketRow, RegistrySql} from './registry-sql.ts';

/**
 * A generation is written to for so long, and read for as long again. At 1,000 packets a second, more than an object can
 * take, two of them are 3 GB of the 10 GB an object may hold.
 */
export const GENERATION_MS = 4 * 3_600_000;

/** From the first sending to a redelivery that has not DUP set. */
export const RESEND_MS = 300_000;

export interface ClientRegistryOptions {
  readonly sql: SqlStorage;
  readonly nowMs: () => number;
  readonly newEventId: () => string;
}

/** What a home knows of its clients: mqtt/client-homes.ts says why. Every call is one atomic step. */
export class ClientRegistry {
  readonly #sql: RegistrySql;
  readonly #options: ClientRegistryOptions;
  #current: number;
  #sinceMs: number;

  constructor(options: ClientRegistryOptions) {
    this.#options = options;
    this.#sql = registrySql(options.sql);
    const generation = this.#sql.generation();
    this.#current = generation?.current ?? 0;
    this.#sinceMs = generation?.since_ms ?? 0;
  }

  /** @returns the connection that was the newest until now */
  claim({key, connection, object}: ClaimRequest): ClientRow | null {
    this.#rotate();
    const client = clientOf(key);
    const before = this.#client(client);
    const isLost = before !== undefined && before.connection !== '';
    this.#sql.putClient(this.#current, client, {object, connection, resends: isLost ? 1 : 0});
    return isLost && before.connection !== connection ? before : null;
  }

  /** The connection ended with a DISCONNECT, so its client waits for no acknowledgement. */
  release({key, connection}: ClientConnection): void {
    const client = clientOf(key);
    const row = this.#client(client);
    if (row?.connection !== connection) return;
    this.#sql.putClient(this.#current, client, {...row, connection: '', resends: 0});
  }

  nameEvents({key, connection, packets}: NameRequest): readonly string[] | null {
    this.#rotate();
    const client = clientOf(key);
    const row = this.#client(client);
    if (row?.connection !== connection) return null;
    const nowMs = this.#options.nowMs();
    let resends = row.resends;
    const ids = packets.map((packet) => {
      const known = this.#sentBefore(client, packet, {resends, nowMs});
      if (known !== null) return known;
      if (!packet.isDup) resends = 0;
      const eventId = this.#options.newEventId();
      const sent = {digest: bufferOf(packet.digest), event_id: eventId, sent_ms: nowMs};
      this.#sql.putPacket(this.#current, client, packet.packetId, sent);
      return eventId;
    });
    if (resends !== row.resends) this.#sql.putClient(this.#current, client, {...row, resends});
    return ids;
  }

  /** The event id of what is a redelivery; `null` for what is new. */
  #sentBefore(
    client: ArrayBuffer,
    {packetId, isDup, digest}: PacketToName,
    {resends, nowMs}: {readonly resends: number; readonly nowMs: number},
  ): string | null {
    if (!isDup && resends === 0) return null;
    const known = this.#packet(client, packetId);
    if (known === undefined || !isSame(new Uint8Array(known.digest), digest)) return null;
    return isDup || nowMs - known.sent_ms < RESEND_MS ? known.event_id : null;
  }

  /** What is used stays: a row of the older generation is written into the current one. */
  #client(client: ArrayBuffer): ClientRow | undefined {
    const row = this.#sql.client(this.#current, client);
    if (row !== undefined) return row;
    const older = this.#sql.client(1 - this.#current, client);
    if (older !== undefined) this.#sql.putClient(this.#current, client, older);
    return older;
  }

  #packet(client: ArrayBuffer, packetId: number): PacketRow | undefined {
    const row = this.#sql.packet(this.#current, client, packetId);
    if (row !== undefined) return row;
    const older = this.#sql.packet(1 - this.#current, client, packetId);
    if (older !== undefined) this.#sql.putPacket(this.#current, client, packetId, older);
    return older;
  }

  #rotate(): void {
    const nowMs = this.#options.nowMs();
    if (nowMs - this.#sinceMs < GENERATION_MS) return;
    this.#current = 1 - this.#current;
    this.#sinceMs = nowMs;
    this.#sql.begin(this.#current, nowMs);
  }
}

function clientOf(key: string): ArrayBuffer {
  return bufferOf(must(fromHex(key), "a client's key is hex"));
}

function bufferOf(bytes: Uint8Array): ArrayBuffer {
  return bytes.slice().buffer;
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.byteLength === b.byteLength && a.every((byte, index) => byte === b[index]);
}

/**
 * A client's home: the Devices object its client id names, whatever object its connection is in. It knows which of the
 * client's connections is the newest, and under which event ids its packets were taken.
 *
 * Why: a client sends what was not acknowledged again, with DUP set and the packet id it had (MQTT 5 §4.4), mostly over a
 * new connection. That must become the same event, while a packet id that is merely used again must not. So every first
 * sending gets a new event id, which is remembered by client and packet id together with a digest of what was sent; a
 * redelivery with the same digest gets the remembered id, and the shard answers `duplicate` if it has it.
 *
 * mqtt.js, the most used client, sends again without DUP (seen with 5.16.0). So right after a connection that was lost, as
 * long as nothing new came, a packet of the last RESEND_MS that comes again byte for byte under its packet id is a
 * redelivery, too. After a DISCONNECT it is not: such a client waited for no acknowledgement.
 *
 * No false duplicate: within a connection a first sending (DUP 0) gets a new id, and what was remembered under its packet
 * id is forgotten. A redelivery gets an old id only if the client's last sending under this packet id was byte for byte the
 * same. One case stays open, because nothing MQTT says would tell: the client's last but one sending under a packet id was
 * acknowledged, the next had the same bytes and got lost on its way, and comes again (or, without DUP: is the first thing
 * after a connection lost minutes ago). It counts as the one before. Who must tell these apart sends the user property
 * `id`, or has a stream with ids of its own, or something in the event that changes, like its time.
 *
 * No missed duplicate: ids are durable before the events are appended (the output gate holds the call to the shard until
 * then), and the home names packets for the newest connection only, so one that was taken over cannot take new ids for
 * what the newer one sends again. It remembers for at least GENERATION_MS.
 */
import {mqttPlace} from '../place-of.ts';

/** Names a connection and what came before its home knew a newer one. */
export interface ClientConnection {
  /** Of sender and client id, hex. */
  readonly key: string;
  readonly connection: string;
}

export interface ClaimRequest extends ClientConnection {
  /** The object the connection is in. */
  readonly object: string;
}

export interface NameRequest extends ClientConnection {
  readonly packets: readonly PacketToName[];
}

export interface PacketToName {
  readonly packetId: number;
  readonly isDup: boolean;
  /** Of topic and body. */
  readonly digest: Uint8Array;
}

/** Calls between Devices objects. Like append-protocol.ts: add optional fields, never change what one means. */
export interface ClientHome {
  /** This connection is the client's newest from now on; an older one is told to end. */
  claim(request: ClaimRequest): Promise<void> | void;
  /** This connection ended as its client wanted. */
  release(request: ClientConnection): Promise<void> | void;
  /** One event id for each packet; `null` when the client has a newer connection. */
  nameEvents(request: NameRequest): Promise<readonly string[] | null> | readonly string[] | null;
}

export interface DevicesRpc extends Rpc.DurableObjectBranded, ClientHome {
  fetch(request: Request): Promise<Response> | Response;
  /** A connection in this object was taken over. */
  takeOver(connection: string): void;
}

export interface ClientHomesOptions {
  readonly ownName: string;
  readonly own: ClientHome;
  readonly other: (name: string) => ClientHome;
}

export class ClientHomes {
  readonly #options: ClientHomesOptions;

  constructor(options: ClientHomesOptions) {
    this.#options = options;
  }

  async claim(clientId: string, client: ClientConnection): Promise<void> {
    const {key, connection} = client;
    await this.#homeOf(clientId).claim({key, connection, object: this.#options.ownName});
  }

  async release(clientId: string, {key, connection}: ClientConnection): Promise<void> {
    await this.#homeOf(clientId).release({key, connection});
  }

  async nameEvents(clientId: string, request: NameRequest): Promise<readonly string[] | null> {
    return this.#homeOf(clientId).nameEvents(request);
  }

  #homeOf(clientId: string): ClientHome {
    const {ownName, own, other} = this.#options;
    const name = mqttPlace(clientId);
    return name === ownName ? own : other(name);
  }
}

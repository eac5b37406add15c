/**
 * The gateway's end of MQTT 3.1.1 and 5 for clients that publish: QoS 0 and 1, no subscriptions, no retained messages, no
 * sessions that outlive their connection.
 *
 * Invariants: packets are handled one after another in their order, and runs of PUBLISH are stored together; a PUBACK is
 * sent only after its event is durable, in the order of the PUBLISH packets (MQTT 5 §4.6); the first event that could not
 * be stored ends the connection, unacknowledged with all that follows it, so a client that sends again keeps its order.
 * What ends a connection waits its turn: what came before it is stored and acknowledged first.
 */
import {describeError} from '../../../src/lib/errors.ts';
import {
  CLOSE_NORMAL,
  CLOSE_POLICY_VIOLATION,
  CLOSE_TRY_AGAIN_LATER,
  CLOSE_UNSUPPORTED_DATA,
} from '../../../src/protocol/device-socket.ts';
import type {MqttAttachment} from '../attachment.ts';
import {CheckedGrant} from '../checked-grant.ts';
import {closeSocket, sendTo} from '../close-socket.ts';
import type {DeviceHost, DeviceSession} from '../device-host.ts';
import {MAX_SOCKET_BYTES, MIN_ITEM_BYTES} from '../device-limits.ts';
import {InOrder} from '../in-order.ts';
import {SocketState} from '../socket-state.ts';
import {acceptConnect, grantOf, RECEIVE_MAXIMUM} from './accept-connect.ts';
import {acceptPublishes} from './accept-publishes.ts';
import type {PublishOutcome} from './accept-publishes.ts';
import {checkPublish} from './check-publish.ts';
import {isAnswered} from './is-answered.ts';
import {MqttError} from './mqtt-error.ts';
import {PacketSplitter} from './packet-splitter.ts';
import type {RawPacket} from './packet-splitter.ts';
import {readPacket} from './read-packet.ts';
import type {Packet, PublishPacket} from './read-packet.ts';
import type {ConnectPacket} from './read-connect.ts';
import {
  KEEP_ALIVE_TIMEOUT,
  PAYLOAD_FORMAT_INVALID,
  QUOTA_EXCEEDED,
  RECEIVE_MAXIMUM_EXCEEDED,
  SERVER_BUSY,
  SERVER_UNAVAILABLE,
  SESSION_TAKEN_OVER,
  SUCCESS,
} from './reason-codes.ts';
import {
  writeConnack,
  writeDisconnect,
  writePingresp,
  writePuback,
  writeSuback,
  writeUnsuback,
} from './write-packet.ts';

/** A packet that has begun must go on within this: its first part is in memory, where it would not survive a sleep. */
const PARTIAL_MS = 30_000;
const MAX_REASON_CHARS = 200;

/** What waits its turn: a packet, or why the connection ends. */
type Item = RawPacket | MqttError;

export class MqttSession implements DeviceSession {
  readonly #socket: WebSocket;
  readonly #host: DeviceHost;
  readonly #state: SocketState<MqttAttachment>;
  readonly #splitter = new PacketSplitter();
  readonly #items = new InOrder<Item>((items) => this.#handleAll(items));
  #grant: CheckedGrant | null;
  #isOpen = true;
  /** Nothing more is read: the end waits its turn. */
  #isDeaf = false;
  /** Taken from the object. */
  #bytes = 0;
  #unanswered = 0;
  #partialTimer: number | null = null;

  constructor(socket: WebSocket, attachment: MqttAttachment, host: DeviceHost) {
    this.#socket = socket;
    this.#state = new SocketState(socket, attachment);
    this.#host = host;
    const token = attachment.client?.token;
    this.#grant = token === undefined ? null : new CheckedGrant(host.gateway, token);
  }

  receive(message: string | ArrayBuffer): Promise<void> {
    this.#state.seen(this.#host.gateway.nowMs());
    if (this.#isOpen && !this.#isDeaf) this.#take(message);
    return this.#items.run();
  }

  end(): void {
    this.#isOpen = false;
    const dropped = this.#items.drop();
    clearTimeout(this.#partialTimer);
    this.#host.giveBytes(this.#bytes);
    this.#bytes = 0;
    // Heard also when the connection was gone before its turn.
    if (dropped.some(isDisconnect)) void this.#release();
  }

  timeOut(): void {
    this.#endFor(new MqttError(KEEP_ALIVE_TIMEOUT, 'nothing came for too long'));
  }

  takeOver(): void {
    this.#endFor(new MqttError(SESSION_TAKEN_OVER, 'the client connected anew'));
  }

  #take(message: string | ArrayBuffer): void {
    // MQTT 5 §6: only binary frames.
    if (typeof message === 'string')
      return this.#close(CLOSE_UNSUPPORTED_DATA, 'MQTT is in binary frames');
    try {
      this.#reserve(message.byteLength);
      const packets = this.#splitter.push(new Uint8Array(message));
      this.#reserve(packets.length * MIN_ITEM_BYTES);
      this.#items.add(...packets);
      this.#countUnanswered(packets);
    } catch (error) {
      this.#isDeaf = true;
      this.#items.add(error as MqttError);
    }
    return this.#watchPartial();
  }

  /** @throws MqttError when there is no room */
  #reserve(bytes: number): void {
    if (this.#bytes + bytes > MAX_SOCKET_BYTES)
      throw new MqttError(QUOTA_EXCEEDED, 'too much is unanswered on this connection');
    if (!this.#host.takeBytes(bytes)) throw new MqttError(SERVER_BUSY, 'too much at once');
    this.#bytes += bytes;
  }

  /** @throws MqttError for an MQTT 5 client that knows the Receive Maximum and does not keep to it */
  #countUnanswered(packets: readonly RawPacket[]): void {
    this.#unanswered += packets.filter(isAnswered).length;
    if (this.#unanswered > RECEIVE_MAXIMUM && this.#state.value.client?.version === 5)
      throw new MqttError(RECEIVE_MAXIMUM_EXCEEDED, `${RECEIVE_MAXIMUM} at most unanswered`);
  }

  #watchPartial(): void {
    clearTimeout(this.#partialTimer);
    if (!this.#isOpen || this.#splitter.pendingBytes === 0) return;
    // Awake until the rest came, or the end.
    this.#partialTimer = setTimeout(() => this.timeOut(), PARTIAL_MS);
  }

  async #handleAll(items: readonly Item[]): Promise<void> {
    const run: PublishPacket[] = [];
    try {
      for (const item of items) {
        const packet = this.#read(item);
        if ('qos' in packet) run.push(packet);
        else {
          await this.#publish(run.splice(0));
          if (packet instanceof MqttError) throw packet;
          await this.#handle(packet);
        }
      }
      await this.#publish(run);
    } catch (error) {
      this.#endFor(error);
    }
    this.#give(items);
  }

  #read(item: Item): Packet | MqttError {
    if (item instanceof MqttError) return item;
    try {
      const packet = readPacket(item, this.#state.value.client?.version ?? null);
      return packet.kind === 'publish' ? checkPublish(packet, this.#state.value.client) : packet;
    } catch (error) {
      return error as MqttError;
    }
  }

  async #handle(packet: Exclude<Packet, PublishPacket>): Promise<void> {
    const version = this.#state.value.client?.version ?? 4;
    switch (packet.kind) {
      case 'connect':
        return this.#connect(packet);
      case 'subscribe':
        return this.#send(writeSuback(version, packet.packetId, packet.topics));
      case 'unsubscribe':
        return this.#send(writeUnsuback(version, packet.packetId, packet.topics));
      case 'pingreq':
        return this.#send(writePingresp());
      case 'disconnect':
        return this.#disconnect();
    }
  }

  async #connect(packet: ConnectPacket): Promise<void> {
    const {version} = packet;
    try {
      const {client, grant, properties} = await this.#host.inScope((scope) =>
        acceptConnect(packet, this.#host, scope),
      );
      await this.#host.homes.claim(client.clientId, client);
      if (!this.#isOpen) return;
      this.#grant = grant;
      this.#state.change({client});
      await this.#host.watch(client.silenceMs);
      this.#send(writeConnack(version, SUCCESS, properties));
    } catch (error) {
      const reasonCode = error instanceof MqttError ? error.reasonCode : SERVER_UNAVAILABLE;
      this.#logUnforeseen(error);
      this.#send(writeConnack(version, reasonCode, null));
      this.#close(CLOSE_POLICY_VIOLATION, 'the CONNECT was refused');
    }
  }

  async #disconnect(): Promise<void> {
    this.#close(CLOSE_NORMAL, 'disconnected');
    await this.#release();
  }

  /** Never rejects: where it fails the next connection counts as one after a lost one. */
  async #release(): Promise<void> {
    const {client} = this.#state.value;
    if (client === null) return;
    const releasing = this.#host.homes.release(client.clientId, client);
    await releasing.catch((error: unknown) => this.#logUnforeseen(error));
  }

  async #publish(run: readonly PublishPacket[]): Promise<void> {
    const {client} = this.#state.value;
    const credentials = this.#grant;
    if (run.length === 0 || client === null || credentials === null || !this.#isOpen) return;
    const outcomes = await this.#host.inScope(async (scope) => {
      const grant = await grantOf(credentials, scope);
      return acceptPublishes(run, {host: this.#host, client, grant}, scope);
    });
    run.forEach((publish, index) => this.#answer(publish, outcomes[index]!));
  }

  /** @throws MqttError where the client can be told in no other way */
  #answer({qos, packetId}: PublishPacket, {reasonCode, reason}: PublishOutcome): void {
    const client = this.#state.value.client!;
    // An invalid event is kept as rejected; to send it again would change nothing.
    const isTold = qos === 1 && (client.version === 5 || reasonCode === PAYLOAD_FORMAT_INVALID);
    const isDropped =
      qos === 0 && (reasonCode === PAYLOAD_FORMAT_INVALID || reasonCode === QUOTA_EXCEEDED);
    const isFine = reasonCode === SUCCESS || isDropped;
    if (reasonCode === SERVER_BUSY || !(isFine || isTold)) throw new MqttError(reasonCode, reason);
    if (qos === 0) return;
    this.#unanswered -= 1;
    const ack = {packetId, reasonCode, reason: null};
    const told = writePuback(client.version, {...ack, reason: reason.slice(0, MAX_REASON_CHARS)});
    const fits = client.wantsReasons && told.byteLength <= client.maxPacketBytes;
    this.#send(fits ? told : writePuback(client.version, ack));
  }

  #endFor(error: unknown): void {
    if (!this.#isOpen) return;
    this.#logUnforeseen(error);
    const {reasonCode, message} =
      error instanceof MqttError ? error : new MqttError(SERVER_BUSY, 'the gateway failed');
    const {client} = this.#state.value;
    if (client?.version === 5) {
      const told = writeDisconnect(reasonCode, message.slice(0, MAX_REASON_CHARS));
      const fits = told.byteLength <= client.maxPacketBytes;
      this.#send(fits ? told : writeDisconnect(reasonCode, null));
    }
    // Before a CONNECT nothing is known of the client; 3.1.1's refusal of a version is understood by all.
    if (client === null) this.#send(writeConnack(4, reasonCode, null));
    this.#close(
      reasonCode === SERVER_BUSY ? CLOSE_TRY_AGAIN_LATER : CLOSE_POLICY_VIOLATION,
      message,
    );
  }

  #logUnforeseen(error: unknown): void {
    if (error instanceof MqttError) return;
    this.#host.gateway.log.error('An MQTT packet failed in a way nobody foresaw', {
      error: describeError(error),
    });
  }

  #give(items: readonly Item[]): void {
    if (!this.#isOpen) return;
    const packets = items.filter((item): item is RawPacket => !(item instanceof MqttError));
    const bytes = packets.reduce((sum, {size}) => sum + size + MIN_ITEM_BYTES, 0);
    this.#bytes -= bytes;
    this.#host.giveBytes(bytes);
  }

  #send(packet: Uint8Array | null): void {
    if (this.#isOpen && packet !== null) sendTo(this.#socket, packet);
  }

  #close(code: number, reason: string): void {
    if (!this.#isOpen) return;
    this.end();
    closeSocket(this.#socket, code, reason);
  }
}

const DISCONNECT = 14;

function isDisconnect(item: Item): boolean {
  return !(item instanceof MqttError) && item.type === DISCONNECT;
}

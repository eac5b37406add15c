/**
 * Devices: the Durable Object in which sockets of devices live. It may sleep while they are connected; all a socket needs
 * then is in its attachment, and nothing that came was left unanswered, for work in hand keeps an object awake. What it
 * stores goes to the shards like everything else; of its own it stores only the clients whose home it is
 * (mqtt/client-homes.ts), and its alarm ends connections that went silent.
 */
import {DurableObject} from 'cloudflare:workers';
import {must} from '../../src/lib/assert.ts';
import {describeError} from '../../src/lib/errors.ts';
import {
  CLOSE_TRY_AGAIN_LATER,
  DEVICE_SOCKET_VERSION,
  DEVICE_SUBPROTOCOL,
  PING,
  PONG,
} from '../../src/protocol/device-socket.ts';
import type {DeviceWelcome} from '../../src/protocol/device-socket.ts';
import {problemResponse, retryAfter} from '../answer/problem.ts';
import {Deadline} from '../deadline.ts';
import type {Env} from '../env.ts';
import type {Gateway} from '../gateway.ts';
import {REQUEST_DEADLINE_MS, RETRY_AFTER_S} from '../limits.ts';
import type {RequestScope} from '../request-scope.ts';
import {attach, attachmentOf} from './attachment.ts';
import type {Attachment} from './attachment.ts';
import {closeSocket} from './close-socket.ts';
import {MQTT_SUBPROTOCOL} from './connect-device.ts';
import type {DeviceHost, DeviceSession} from './device-host.ts';
import {
  MAX_FRAME_BYTES,
  MAX_FRAME_EVENTS,
  MAX_FRAMES,
  MAX_OBJECT_BYTES,
  MAX_SOCKET_BYTES,
  MAX_SOCKETS,
  SEEN_STEP_MS,
} from './device-limits.ts';
import {EventSession} from './events/event-session.ts';
import {ClientHomes} from './mqtt/client-homes.ts';
import type {ClaimRequest, ClientConnection, DevicesRpc, NameRequest} from './mqtt/client-homes.ts';
import {ClientRegistry} from './mqtt/client-registry.ts';
import {MqttSession} from './mqtt/mqtt-session.ts';
import {readOpening} from './socket-opening.ts';
import {deadlineMsOf, nextSweepMs, silenceMsOf} from './sweep.ts';

/** After an alarm that failed. */
const ALARM_RETRY_MS = 60_000;

export class DevicesObject extends DurableObject<Env> implements DevicesRpc {
  readonly #gateway: Gateway;
  readonly #host: DeviceHost;
  readonly #sessions = new WeakMap<WebSocket, DeviceSession>();
  #registry: ClientRegistry | null = null;
  #sockets: number;
  /** Taken by sessions. */
  #bytes = 0;
  /** When the alarm is set to; `null` when that is not known. */
  #alarmMs: number | null = null;

  constructor(ctx: DurableObjectState, env: Env, gateway: Gateway) {
    super(ctx, env);
    this.#gateway = gateway;
    this.#sockets = ctx.getWebSockets().length;
    this.#host = this.#hostOf(must(ctx.id.name, 'a Devices object is reached by its name'));
  }

  /** A socket from the Worker: connect-device.ts. */
  override async fetch(request: Request): Promise<Response> {
    const opening = readOpening(request);
    if (this.#sockets >= MAX_SOCKETS) {
      return problemResponse('unavailable', {
        detail: 'too many devices are connected here; try again',
        headers: retryAfter(RETRY_AFTER_S),
      });
    }
    const seenMs = this.#gateway.nowMs();
    if (opening.protocol === 'mqtt')
      return this.#open({protocol: 'mqtt', seenMs, client: null}, MQTT_SUBPROTOCOL);
    const {stream, token} = opening;
    // Answered by the runtime, without waking the object.
    this.ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair(PING, PONG));
    const attachment = {protocol: 'events', seenMs, stream, token, isHalted: false} as const;
    return this.#open(attachment, DEVICE_SUBPROTOCOL, WELCOME);
  }

  override async webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): Promise<void> {
    await this.#sessionOf(socket)?.receive(message);
  }

  override webSocketClose(socket: WebSocket): void {
    this.#forget(socket);
  }

  override webSocketError(socket: WebSocket): void {
    this.#forget(socket);
  }

  claim(request: ClaimRequest): void {
    const before = this.#clients().claim(request);
    if (before === null) return;
    // Tidiness, not safety: an older connection gets no names any more.
    const telling =
      before.object === this.ctx.id.name
        ? this.takeOver(before.connection)
        : this.env.DEVICES.getByName(before.object).takeOver(before.connection);
    this.ctx.waitUntil(Promise.resolve(telling).catch(() => undefined));
  }

  release(request: ClientConnection): void {
    this.#clients().release(request);
  }

  nameEvents(request: NameRequest): readonly string[] | null {
    return this.#clients().nameEvents(request);
  }

  takeOver(connection: string): void {
    for (const socket of this.ctx.getWebSockets()) {
      const attachment = attachmentOf(socket);
      if (attachment?.protocol !== 'mqtt' || attachment.client?.connection !== connection) continue;
      const session = this.#sessionOf(socket);
      if (session instanceof MqttSession) session.takeOver();
    }
  }

  /** Ends what is silent. The platform gives up on an alarm that throws, so it never does. */
  override async alarm(): Promise<void> {
    let nextMs: number | null = this.#gateway.nowMs() + ALARM_RETRY_MS;
    this.#alarmMs = null;
    try {
      nextMs = this.#sweep();
    } catch (error) {
      this.#gateway.log.error('Silent devices could not be found; it will be tried again', {
        error: describeError(error),
      });
    }
    if (nextMs !== null) await this.#setAlarm(nextMs);
  }

  async #open(attachment: Attachment, subprotocol: string, welcome?: string): Promise<Response> {
    const {0: client, 1: server} = new WebSocketPair();
    this.ctx.acceptWebSocket(server);
    this.#sockets += 1;
    attach(server, attachment);
    if (welcome !== undefined) server.send(welcome);
    await this.#watch(silenceMsOf(attachment));
    const headers = {'sec-websocket-protocol': subprotocol};
    return new Response(null, {status: 101, webSocket: client, headers});
  }

  #sessionOf(socket: WebSocket): DeviceSession | null {
    const known = this.#sessions.get(socket);
    if (known !== undefined) return known;
    const attachment = attachmentOf(socket);
    if (attachment === null) {
      closeSocket(socket, CLOSE_TRY_AGAIN_LATER, 'connect again');
      return null;
    }
    const session =
      attachment.protocol === 'events'
        ? new EventSession(socket, attachment, this.#host)
        : new MqttSession(socket, attachment, this.#host);
    this.#sessions.set(socket, session);
    return session;
  }

  #forget(socket: WebSocket): void {
    this.#sockets = Math.max(0, this.#sockets - 1);
    this.#sessions.get(socket)?.end();
    this.#sessions.delete(socket);
  }

  #sweep(): number | null {
    const nowMs = this.#gateway.nowMs();
    const deadlinesMs: number[] = [];
    for (const socket of this.ctx.getWebSockets()) {
      const attachment = attachmentOf(socket);
      if (attachment === null) continue;
      const pingMs = this.ctx.getWebSocketAutoResponseTimestamp(socket)?.getTime() ?? 0;
      const deadlineMs = deadlineMsOf(attachment, Math.max(attachment.seenMs, pingMs));
      if (deadlineMs <= nowMs) this.#sessionOf(socket)?.timeOut();
      else deadlinesMs.push(deadlineMs);
    }
    return nextSweepMs(deadlinesMs, nowMs);
  }

  /** An alarm that is due earlier stays: it finds the next deadline itself. */
  async #watch(silenceMs: number): Promise<void> {
    const dueMs = this.#gateway.nowMs() + silenceMs + SEEN_STEP_MS;
    this.#alarmMs ??= await this.ctx.storage.getAlarm();
    if (this.#alarmMs === null || this.#alarmMs > dueMs) await this.#setAlarm(dueMs);
  }

  async #setAlarm(dueMs: number): Promise<void> {
    this.#alarmMs = dueMs;
    await this.ctx.storage.setAlarm(dueMs);
  }

  #clients(): ClientRegistry {
    this.#registry ??= new ClientRegistry({
      sql: this.ctx.storage.sql,
      nowMs: () => this.#gateway.nowMs(),
      newEventId: () => this.#gateway.newEventId(),
    });
    return this.#registry;
  }

  #hostOf(name: string): DeviceHost {
    return {
      gateway: this.#gateway,
      homes: new ClientHomes({
        ownName: name,
        own: this,
        other: (other) => this.env.DEVICES.getByName(other),
      }),
      inScope: (work) => this.#inScope(work),
      takeBytes: (bytes) => {
        if (this.#bytes + bytes > MAX_OBJECT_BYTES) return false;
        this.#bytes += bytes;
        return true;
      },
      giveBytes: (bytes) => {
        this.#bytes -= bytes;
      },
      watch: (silenceMs) => this.#watch(silenceMs),
    };
  }

  async #inScope<T>(work: (scope: RequestScope) => Promise<T>): Promise<T> {
    const deadline = new Deadline(REQUEST_DEADLINE_MS);
    const waitUntil = (promise: Promise<unknown>): void => this.ctx.waitUntil(promise);
    try {
      return await work({env: this.env, deadline, waitUntil});
    } finally {
      deadline.clear();
    }
  }
}

const WELCOME = JSON.stringify({
  welcome: {
    version: DEVICE_SOCKET_VERSION,
    credit: MAX_SOCKET_BYTES,
    maxFrameBytes: MAX_FRAME_BYTES,
    maxFrameEvents: MAX_FRAME_EVENTS,
    maxFrames: MAX_FRAMES,
  },
} satisfies DeviceWelcome);

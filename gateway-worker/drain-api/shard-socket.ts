/**
 * The shard's end of the drain protocol (src/protocol/drain.ts).
 *
 * Invariants: at most one reader, the newest connection; a frame is sent only while its reader has credit; records leave
 * in the order of their seqs without a gap. Where the reader is lies in the socket's attachment, so it survives
 * hibernation; it is gone with the socket, and the drain's next `read` says it anew from what Kafka has.
 */
import {concatBytes} from '../../src/lib/bytes.ts';
import {toError} from '../../src/lib/errors.ts';
import {
  CLOSE_BAD_MESSAGE,
  CLOSE_ROLLED_BACK,
  CLOSE_SUPERSEDED,
  DRAIN_PROTOCOL_VERSION,
  DrainMessage,
  encodeBatchFrame,
} from '../../src/protocol/drain.ts';
import type {Welcome} from '../../src/protocol/drain.ts';
import type {ShardLog} from '../buffer/shard-log.ts';

/** Small rows are joined to frames of this size; a larger row is a frame of its own. */
const FRAME_BYTES = 1_000_000;
/** More credit than this is not believed: frames that are sent wait in this object's memory. */
const MAX_CREDIT_BYTES = 32_000_000;
const MAX_MESSAGE_CHARS = 4_096;
/** RFC 6455 §5.5: a close frame's reason takes 123 bytes. */
const MAX_REASON_CHARS = 120;

/** What survives hibernation: the reader's position, `null` until its first `read`. */
interface Attachment {
  readonly isSuperseded: boolean;
  readonly cursor: Cursor | null;
}

interface Cursor {
  readonly sentSeq: number;
  /** May go below zero: the last frame is sent whole. */
  readonly creditBytes: number;
}

export interface ShardSocketOptions {
  readonly ctx: DurableObjectState;
  readonly log: ShardLog;
  readonly shard: string;
}

export class ShardSocket {
  readonly #ctx: DurableObjectState;
  readonly #log: ShardLog;
  readonly #shard: string;
  /** The one reader. A cache of the attachments. */
  #reader: WebSocket | null;
  #cursor: Cursor | null = null;

  constructor({ctx, log, shard}: ShardSocketOptions) {
    this.#ctx = ctx;
    this.#log = log;
    this.#shard = shard;
    this.#reader = ctx.getWebSockets().find((socket) => !attachmentOf(socket).isSuperseded) ?? null;
    if (this.#reader !== null) this.#cursor = attachmentOf(this.#reader).cursor;
  }

  get isConnected(): boolean {
    return this.#reader !== null;
  }

  accept(): Response {
    for (const older of this.#ctx.getWebSockets()) {
      attach(older, {isSuperseded: true, cursor: null});
      closeSocket(older, CLOSE_SUPERSEDED, 'a newer connection took over');
    }
    const {0: client, 1: server} = new WebSocketPair();
    this.#ctx.acceptWebSocket(server);
    attach(server, {isSuperseded: false, cursor: null});
    this.#reader = server;
    this.#cursor = null;
    const welcome: Welcome = {
      type: 'welcome',
      version: DRAIN_PROTOCOL_VERSION,
      shard: this.#shard,
      incarnation: this.#log.incarnation,
      firstSeq: this.#log.firstSeq,
      nextSeq: this.#log.nextSeq,
    };
    server.send(JSON.stringify(welcome));
    return new Response(null, {status: 101, webSocket: client});
  }

  async receive(socket: WebSocket, text: string | ArrayBuffer): Promise<void> {
    if (socket !== this.#reader) return;
    const message = parseMessage(text);
    if (typeof message === 'string') {
      this.#close(CLOSE_BAD_MESSAGE, message);
      return;
    }
    switch (message.type) {
      case 'read':
        this.#read(message);
        break;
      case 'credit':
        this.#credit(message.bytes);
        break;
      case 'trim':
        await this.#trim(message);
        break;
    }
  }

  /** Sends what there is and credit allows. Never throws. */
  push(): void {
    const reader = this.#reader;
    let cursor = this.#cursor;
    if (reader === null || cursor === null) return;
    try {
      while (cursor.creditBytes > 0) {
        const page = this.#log.read(cursor.sentSeq + 1, Math.min(cursor.creditBytes, FRAME_BYTES));
        if (page === null) break;
        const frame = encodeBatchFrame({...page, bytes: concatBytes(page.parts)});
        reader.send(frame);
        cursor = {
          sentSeq: page.firstSeq + page.count - 1,
          creditBytes: cursor.creditBytes - frame.byteLength,
        };
      }
      if (cursor !== this.#cursor) this.#moveTo(cursor);
    } catch {
      // The connection is gone; the drain comes back and says where it is.
      this.forget(reader);
    }
  }

  forget(socket: WebSocket): void {
    if (socket !== this.#reader) return;
    this.#reader = null;
    this.#cursor = null;
  }

  #read(message: Extract<DrainMessage, {type: 'read'}>): void {
    if (message.version !== DRAIN_PROTOCOL_VERSION)
      return this.#close(CLOSE_BAD_MESSAGE, `this shard speaks version ${DRAIN_PROTOCOL_VERSION}`);
    if (message.incarnation !== this.#log.incarnation)
      return this.#close(CLOSE_BAD_MESSAGE, `this is incarnation ${this.#log.incarnation}`);
    if (message.afterSeq >= this.#log.nextSeq) return this.#closeRolledBack(message.afterSeq);
    this.#moveTo({sentSeq: message.afterSeq, creditBytes: bounded(message.creditBytes)});
    return this.push();
  }

  #credit(bytes: number): void {
    if (this.#cursor === null) return this.#close(CLOSE_BAD_MESSAGE, 'credit before read');
    const {sentSeq, creditBytes} = this.#cursor;
    this.#moveTo({sentSeq, creditBytes: bounded(creditBytes + bytes)});
    return this.push();
  }

  /** Of another incarnation: news of records this shard never had. Bounded steps, so that appends go on in between. */
  async #trim({incarnation, seq}: Extract<DrainMessage, {type: 'trim'}>): Promise<void> {
    if (incarnation !== this.#log.incarnation) return;
    if (seq >= this.#log.nextSeq) return this.#closeRolledBack(seq);
    while (this.#log.trimSome(seq)) await this.#ctx.storage.sync();
  }

  /** Kafka has records of this incarnation that its storage does not know. */
  #closeRolledBack(seq: number): void {
    this.#close(CLOSE_ROLLED_BACK, `seq ${seq} is not below nextSeq ${this.#log.nextSeq}`);
  }

  #close(code: number, reason: string): void {
    const reader = this.#reader;
    if (reader === null) return;
    this.forget(reader);
    attach(reader, {isSuperseded: true, cursor: null});
    closeSocket(reader, code, reason);
  }

  #moveTo(cursor: Cursor): void {
    this.#cursor = cursor;
    if (this.#reader !== null) attach(this.#reader, {isSuperseded: false, cursor});
  }
}

function parseMessage(text: string | ArrayBuffer): DrainMessage | string {
  if (typeof text !== 'string') return 'messages to a shard are text';
  if (text.length > MAX_MESSAGE_CHARS)
    return `a message has at most ${MAX_MESSAGE_CHARS} characters`;
  try {
    const parsed = DrainMessage.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : 'not a message of the drain protocol';
  } catch (error) {
    return toError(error).message;
  }
}

function bounded(creditBytes: number): number {
  return Math.min(creditBytes, MAX_CREDIT_BYTES);
}

function attachmentOf(socket: WebSocket): Attachment {
  return (
    (socket.deserializeAttachment() as Attachment | null) ?? {isSuperseded: true, cursor: null}
  );
}

function attach(socket: WebSocket, attachment: Attachment): void {
  socket.serializeAttachment(attachment);
}

function closeSocket(socket: WebSocket, code: number, reason: string): void {
  try {
    socket.close(code, reason.slice(0, MAX_REASON_CHARS));
  } catch {
    // It was closed already.
  }
}

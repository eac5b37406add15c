/**
 * The gateway's end of forebay.v1 (src/protocol/device-socket.ts).
 *
 * Invariants: every frame is answered once, in order, and acknowledged only after its events are durable; what waits is at
 * most the credit; after an event that could not be stored nothing of this socket is stored until the device says that it
 * sends again, so no event overtakes an earlier one.
 * What is lost with the object or the connection was not answered, and the device sends it again.
 */
import {describeError} from '../../../src/lib/errors.ts';
import {
  CLOSE_CREDENTIALS,
  CLOSE_CREDIT_EXCEEDED,
  CLOSE_IDLE,
  CLOSE_POLICY_VIOLATION,
  CLOSE_TOO_BIG,
  CLOSE_TRY_AGAIN_LATER,
  CLOSE_UNSUPPORTED_DATA,
} from '../../../src/protocol/device-socket.ts';
import type {DeviceError} from '../../../src/protocol/device-socket.ts';
import {utf8} from '../../../src/lib/bytes.ts';
import type {ReceivedEvent} from '../../accept/received-event.ts';
import {counted, storeSubmission} from '../../accept/store-submission.ts';
import type {Fate} from '../../answer/fate.ts';
import {Problem} from '../../answer/problem.ts';
import type {RequestScope} from '../../request-scope.ts';
import {requireStream} from '../../verify/grant.ts';
import type {EventsAttachment} from '../attachment.ts';
import {CheckedGrant} from '../checked-grant.ts';
import {closeSocket, sendTo} from '../close-socket.ts';
import type {DeviceHost, DeviceSession} from '../device-host.ts';
import {
  MAX_FRAME_BYTES,
  MAX_FRAME_ERRORS,
  MAX_FRAMES,
  MAX_SOCKET_BYTES,
  MIN_ITEM_BYTES,
  RETRY_AFTER_FULL_MS,
  RETRY_AFTER_MS,
} from '../device-limits.ts';
import {InOrder} from '../in-order.ts';
import {SocketState} from '../socket-state.ts';
import {answerOf} from './answer-frames.ts';
import {readFrame} from './read-frame.ts';
import type {Frame} from './read-frame.ts';

interface Waiting {
  readonly text: string;
  readonly bytes: number;
}

type EventsFrame = Extract<Frame, {kind: 'events'}> & {readonly bytes: number};

interface Stored {
  readonly fates: readonly Fate[];
  /** When something is to be sent again. */
  readonly retryAfterMs: number;
}

export class EventSession implements DeviceSession {
  readonly #socket: WebSocket;
  readonly #host: DeviceHost;
  readonly #grant: CheckedGrant;
  readonly #frames = new InOrder<Waiting>((frames) => this.#answerAll(frames));
  readonly #state: SocketState<EventsAttachment>;
  #isOpen = true;
  #waiting = 0;
  #waitingBytes = 0;
  #errors = 0;

  constructor(socket: WebSocket, attachment: EventsAttachment, host: DeviceHost) {
    this.#socket = socket;
    this.#state = new SocketState(socket, attachment);
    this.#host = host;
    this.#grant = new CheckedGrant(host.gateway, attachment.token);
  }

  receive(message: string | ArrayBuffer): Promise<void> {
    this.#state.seen(this.#host.gateway.nowMs());
    if (this.#isOpen) this.#take(message);
    return this.#frames.run();
  }

  end(): void {
    this.#isOpen = false;
    this.#frames.drop();
    this.#host.giveBytes(this.#waitingBytes + this.#waiting * MIN_ITEM_BYTES);
    this.#waitingBytes = 0;
    this.#waiting = 0;
  }

  timeOut(): void {
    this.#close(CLOSE_IDLE, 'nothing came for too long');
  }

  #take(message: string | ArrayBuffer): void {
    if (typeof message !== 'string')
      return this.#close(CLOSE_UNSUPPORTED_DATA, 'frames of forebay.v1 are text');
    const bytes = message.length > MAX_FRAME_BYTES ? message.length : utf8(message).byteLength;
    if (bytes > MAX_FRAME_BYTES)
      return this.#close(CLOSE_TOO_BIG, `a frame has at most ${MAX_FRAME_BYTES} bytes`);
    if (this.#waiting === MAX_FRAMES || this.#waitingBytes + bytes > MAX_SOCKET_BYTES)
      return this.#close(CLOSE_CREDIT_EXCEEDED, 'more frames or bytes than there was credit for');
    if (!this.#host.takeBytes(bytes + MIN_ITEM_BYTES))
      return this.#close(CLOSE_TRY_AGAIN_LATER, 'too much at once; connect again and send again');
    this.#waiting += 1;
    this.#waitingBytes += bytes;
    return this.#frames.add({text: message, bytes});
  }

  /** Runs of frames with events are stored together. */
  async #answerAll(waiting: readonly Waiting[]): Promise<void> {
    let run: EventsFrame[] = [];
    for (const {text, bytes} of waiting) {
      const frame = readFrame(text);
      if (frame.kind === 'events') run.push({...frame, bytes});
      else {
        await this.#storeRun(run);
        run = [];
        this.#answerOther(frame, bytes);
      }
    }
    await this.#storeRun(run);
  }

  async #storeRun(run: readonly EventsFrame[]): Promise<void> {
    if (run.length === 0 || !this.#isOpen) return;
    const events = run.flatMap((frame) => frame.events);
    const {fates, retryAfterMs} = await this.#store(events);
    if (fates.some(({status}) => status === 'retry')) this.#halt(true);
    let from = 0;
    for (const frame of run) {
      const part = fates.slice(from, from + frame.events.length);
      from += frame.events.length;
      this.#answer(answerOf(part, {credit: frame.bytes, retryAfterMs}), frame.bytes);
    }
  }

  #answerOther(frame: Exclude<Frame, {kind: 'events'}>, bytes: number): void {
    if (!this.#isOpen) return;
    if (frame.kind === 'resend') {
      this.#halt(false);
      this.#answer(answerOf([], {credit: bytes, retryAfterMs: null}), bytes);
      return;
    }
    const {code, detail} = frame;
    this.#host.gateway.metrics.countFailure(this.#state.value.stream, new Problem(code, detail));
    const error: DeviceError = {error: {code, detail}, credit: bytes};
    this.#answer(error, bytes);
    this.#errors += 1;
    if (this.#errors === MAX_FRAME_ERRORS)
      this.#close(CLOSE_POLICY_VIOLATION, `${MAX_FRAME_ERRORS} frames could not be read`);
  }

  async #store(events: readonly ReceivedEvent[]): Promise<Stored> {
    const {gateway} = this.#host;
    const {stream} = this.#state.value;
    let retryAfterMs = RETRY_AFTER_MS;
    const again = (): readonly Fate[] =>
      events.map(({attributes}) => ({status: 'retry', id: attributes?.id ?? null, isFull: false}));
    try {
      const fates = await this.#host.inScope((scope) =>
        counted(gateway, stream, async () =>
          this.#state.value.isHalted ? again() : this.#submit(events, scope),
        ),
      );
      if (fates.some((fate) => fate.status === 'retry' && fate.isFull))
        retryAfterMs = RETRY_AFTER_FULL_MS;
      return {fates, retryAfterMs};
    } catch (error) {
      return {fates: again(), retryAfterMs: this.#refusedFor(error)};
    }
  }

  async #submit(events: readonly ReceivedEvent[], scope: RequestScope): Promise<readonly Fate[]> {
    const {gateway} = this.#host;
    const stream = gateway.streams.get(this.#state.value.stream);
    if (stream === undefined) throw new Problem('not-found', 'the stream is gone');
    const grant = await this.#grant.now(scope);
    requireStream(grant, stream);
    await gateway.quotas.take({grant, stream, events: events.length}, scope);
    const {name} = stream.definition;
    return storeSubmission(
      gateway,
      {
        stream,
        events,
        sender: grant.sender,
        headers: new Headers(),
        requestId: null,
        isSingle: false,
        onInvalid: 'reject',
        source: `/v1/streams/${name}/socket`,
        eventType: name,
      },
      scope,
    );
  }

  /** @returns when to come again, in milliseconds; who may not come again is closed */
  #refusedFor(error: unknown): number {
    if (!(error instanceof Problem)) {
      this.#host.gateway.log.error('A frame failed in a way nobody foresaw', {
        error: describeError(error),
      });
      return RETRY_AFTER_MS;
    }
    const {code, options} = error;
    if (code === 'unauthenticated' || code === 'forbidden' || code === 'not-found')
      this.#close(CLOSE_CREDENTIALS, code);
    const seconds = Number(options.headers?.['retry-after'] ?? 0);
    return Math.max(RETRY_AFTER_MS, seconds * 1_000);
  }

  #answer(answer: object, bytes: number): void {
    if (!this.#isOpen) return;
    this.#waiting -= 1;
    this.#waitingBytes -= bytes;
    this.#host.giveBytes(bytes + MIN_ITEM_BYTES);
    sendTo(this.#socket, JSON.stringify(answer));
  }

  #halt(isHalted: boolean): void {
    if (this.#state.value.isHalted !== isHalted) this.#state.change({isHalted});
  }

  #close(code: number, reason: string): void {
    if (!this.#isOpen) return;
    this.end();
    closeSocket(this.#socket, code, reason);
  }
}

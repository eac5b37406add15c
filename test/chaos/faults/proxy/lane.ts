import {once} from 'node:events';
import type {Socket} from 'node:net';
import {setTimeout as delay} from 'node:timers/promises';
import type {Direction, Frame, Splitter} from './proxy.ts';
import type {ActiveRule, ProxyRules} from './proxy-rules.ts';
import {writeShaped} from './write-shaped.ts';

/** Beyond this the source is not read; its sender sees a full window. */
const MAX_QUEUED_BYTES = 1_000_000;
/** How long the server may take to act on a frame that came late. */
const LATE_ANSWER_MS = 2_000;

export interface LaneOptions {
  readonly direction: Direction;
  readonly from: Socket;
  readonly to: Socket;
  readonly splitter: Splitter;
  readonly rules: ProxyRules;
  /** Ends both sockets. */
  readonly cut: () => void;
  /** Fires when the connection is cut. */
  readonly signal: AbortSignal;
}

/** One direction of one connection: frames pass one after another, each as the rules and the shape of the moment say. */
export function runLane(options: LaneOptions): void {
  const {direction, from, to, splitter, signal} = options;
  const queue: {readonly frame: Frame; readonly atMs: number}[] = [];
  let queuedBytes = 0;
  let isRunning = false;
  let hasEnded = false;

  const run = async (): Promise<void> => {
    if (isRunning) return;
    isRunning = true;
    for (let next = queue.shift(); next !== undefined && !signal.aborted; next = queue.shift()) {
      await passFrame(options, next.frame, next.atMs);
      queuedBytes -= next.frame.bytes.length;
      if (queuedBytes < MAX_QUEUED_BYTES) from.resume();
    }
    isRunning = false;
    if (hasEnded && !signal.aborted) to.end();
  };
  const add = (frame: Frame): void => {
    queue.push({frame, atMs: performance.now()});
    queuedBytes += frame.bytes.length;
    if (queuedBytes >= MAX_QUEUED_BYTES) from.pause();
  };
  const onEnd = (): void => {
    if (hasEnded) return;
    hasEnded = true;
    const torn = splitter.rest(direction);
    if (torn.length > 0) add({bytes: torn, name: 'torn'});
    void run();
  };
  from.on('data', (chunk: Buffer) => {
    for (const frame of splitter.split(direction, chunk)) add(frame);
    void run();
  });
  from.on('end', onEnd);
  from.on('close', onEnd);
}

/** Resolves when the frame has passed, or the connection is cut. */
async function passFrame(options: LaneOptions, frame: Frame, atMs: number): Promise<void> {
  const {direction, from, to, rules, cut, signal} = options;
  const rule = rules.take(frame, direction);
  const action = rule?.action;
  if (action?.kind === 'drop') return cut();
  if (action?.kind === 'half') {
    to.write(frame.bytes.subarray(0, frame.bytes.length >> 1), cut);
    return untilAborted(signal);
  }
  if (action?.kind === 'hang') await untilAborted(AbortSignal.any([signal, rule!.released]));
  if (action?.kind === 'hold') await pause(action.ms, [signal, rule!.released]);
  if (action?.kind === 'holdIntoNextTransaction' && frame.transactionalId !== undefined) {
    return passLate(options, frame, rule!);
  }
  await rules.untilOpen(direction, signal);
  await pause(atMs + rules.shape.latencyMs - performance.now(), [signal]);
  if (direction === 'answer') await rules.bus.onAnswer(frame);
  else rules.bus.onRequest(frame);
  if (signal.aborted || to.destroyed) return;
  await writeShaped({socket: to, bytes: frame.bytes, shape: rules.shape, signal});
  if (action?.kind === 'cutAfter') {
    // The bytes are the kernel's; `end` sends them before the FIN.
    to.end();
    from.destroy();
  }
}

/** The client's connection goes; the server's stays, and the frame arrives on it later. */
async function passLate(options: LaneOptions, frame: Frame, rule: ActiveRule): Promise<void> {
  const {from, to, rules, signal} = options;
  const {action} = rule;
  if (action.kind !== 'holdIntoNextTransaction') return;
  from.destroy();
  await rules.bus.hold({
    frame,
    maxMs: action.maxMs,
    signal: AbortSignal.any([signal, rule.released]),
    async release() {
      if (to.destroyed) return;
      const answered = once(to, 'data', {signal: AbortSignal.timeout(LATE_ANSWER_MS)});
      to.write(frame.bytes);
      await answered.catch(() => undefined);
    },
  });
}

async function pause(ms: number, signals: readonly AbortSignal[]): Promise<void> {
  if (ms <= 0) return;
  await delay(ms, undefined, {signal: AbortSignal.any([...signals])}).catch(() => undefined);
}

async function untilAborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort');
}

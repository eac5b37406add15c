/** The programs of one machine's stack. */
export type PartName = 'kafka' | 'gateway' | 'drain' | 'processor' | 'console';

export interface StartContext {
  /** Aborted when the stack stops: a start under way ends its process and rejects. */
  readonly signal: AbortSignal;
  /** Called as soon as there is a process, before it is ready. */
  readonly onPid: (pid: number) => void;
}

/** One part as the supervisor starts it, again and again if need be. */
export interface PartPlan {
  readonly name: PartName;
  /** Resolves when the part is ready; rejects when its process ended before that. */
  start(context: StartContext): Promise<PartProcess>;
}

/** A part that runs. */
export interface PartProcess {
  /** Of the process that does the work; `undefined` when it is not ours. */
  readonly pid: number | undefined;
  readonly url: string;
  /** Resolves when the process has ended, with how in words. */
  readonly ended: Promise<string>;
  /** Asks it to end, and ends it if it has not by a deadline. */
  stop(): Promise<void>;
}

/** What happened to the stack, for people to see. */
export type StackEvent =
  | {readonly kind: 'progress'; readonly text: string}
  | {readonly kind: 'started'; readonly part: PartName; readonly url: string}
  | {readonly kind: 'crashed'; readonly part: PartName; readonly how: string}
  | {readonly kind: 'restarted'; readonly part: PartName; readonly downMs: number}
  | {
      readonly kind: 'log';
      readonly part: PartName;
      readonly level: 'warn' | 'error';
      readonly text: string;
    };

export type OnStackEvent = (event: StackEvent) => void;

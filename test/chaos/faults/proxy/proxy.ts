/** Towards the server, or back. */
export type Direction = 'request' | 'answer';

/** What a proxy looks into. `http` knows WebSocket messages after an upgrade; `tcp` knows only bytes. */
export type Protocol = 'kafka' | 'http' | 'tcp';

/** One whole request, answer or message. */
export interface Frame {
  readonly bytes: Buffer;
  /**
   * Kafka: the API's name (`Produce`, `EndTxn`), of answers too. WebSocket: the `type` of a JSON message (`trim`, `credit`), or `binary`,
   * `text`, `ping`, `pong`, `close`. HTTP: the method, of answers too; `upgrade` for the handshake. Else `bytes`.
   */
  readonly name: string;
  /** Of Kafka requests that have one, and of their answers. */
  readonly transactionalId?: string;
}

/** Cuts one connection's two streams into frames; answers are understood by their requests. */
export interface Splitter {
  split(direction: Direction, chunk: Buffer): readonly Frame[];
  /** Bytes of a frame that has not come whole. */
  rest(direction: Direction): Buffer;
}

/**
 * What happens to a frame; only what a network may do.
 * - `drop`: the connection is cut before the frame passes.
 * - `half`: half of its bytes pass, then the connection is cut.
 * - `cutAfter`: it passes, then the connection is cut.
 * - `hang`: neither it nor anything behind it passes until the rule is taken away, and the connection stays open.
 * - `hold`: it passes `ms` late, and what is behind it waits too. A request arrives even though its client has gone.
 * - `holdIntoNextTransaction`: its client's connection is cut; it arrives when the next transaction of the same transactional
 *   id has begun, or after `maxMs` (KAFKA-17754). Kafka requests with a transactional id only; others pass.
 */
export type Action =
  | {readonly kind: 'drop'}
  | {readonly kind: 'half'}
  | {readonly kind: 'cutAfter'}
  | {readonly kind: 'hang'}
  | {readonly kind: 'hold'; readonly ms: number}
  | {readonly kind: 'holdIntoNextTransaction'; readonly maxMs: number};

export interface Rule {
  readonly direction: Direction;
  /** A frame's name, or `*`. */
  readonly name: string;
  readonly action: Action;
  /** Lets this many pass first. Counts down. */
  skip: number;
  /** Then hits this many. Counts down, over all proxies that have the rule. */
  times: number;
  readonly onHit?: () => void;
}

/** Of all connections, new ones too. */
export interface Shape {
  readonly latencyMs: number;
  /** 0 is no limit. */
  readonly bytesPerSecond: number;
  /** The first kilobyte of each frame goes out in pieces of this many bytes; 0 is in one. */
  readonly sliceBytes: number;
  /** Nothing passes; what came meanwhile passes when the direction opens again, as TCP sends again. */
  readonly blocked: readonly Direction[];
}

export interface Applied {
  readonly action: Action['kind'];
  readonly name: string;
  readonly direction: Direction;
}

export interface Proxy {
  readonly port: number;
  readonly connections: number;
  /** What rules did, in order. */
  readonly applied: readonly Applied[];
  /** How many frames of this name have come by. */
  seen(name: string, direction: Direction): number;
  shape(change: Partial<Shape>): void;
  /** Gives back what takes the rule away and lets go what it holds. */
  addRule(rule: Rule): () => void;
  /** Ends all connections; says how many. */
  cut(): number;
  /** The same with an RST. */
  reset(): number;
  /** New connections are refused; those that are, stay. */
  refuse(isRefusing: boolean): Promise<void>;
  close(): Promise<void>;
}

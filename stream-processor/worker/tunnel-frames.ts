/**
 * HTTP between the main thread and a worker. What goes over the port, per exchange, named by `id`:
 *
 *   asker → answerer    request · then a pull for every chunk it has room for · abort at any time
 *   answerer → asker    head · a chunk for each pull · end, or failed at any time
 *
 * A chunk is only sent for a pull, so whoever reads slowly holds up the answer and fills no queue.
 */
export interface RequestFrame {
  readonly kind: 'request';
  readonly id: number;
  readonly method: string;
  readonly url: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Uint8Array<ArrayBuffer> | null;
}

export type AskerFrame =
  | RequestFrame
  | {readonly kind: 'pull'; readonly id: number}
  | {readonly kind: 'abort'; readonly id: number};

export type AnswererFrame =
  | {
      readonly kind: 'head';
      readonly id: number;
      readonly status: number;
      readonly headers: readonly (readonly [string, string])[];
    }
  | {readonly kind: 'chunk'; readonly id: number; readonly bytes: Uint8Array}
  | {readonly kind: 'end'; readonly id: number}
  | {readonly kind: 'failed'; readonly id: number; readonly reason: string};

/** Exchanges that are open at once; beyond it a request is refused. */
export const MAX_EXCHANGES = 2_000;
/** Of a request; queries are small. */
export const MAX_REQUEST_BYTES = 1_048_576;

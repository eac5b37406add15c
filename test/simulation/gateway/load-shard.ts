/**
 * The product's Durable Object under Node. It is checked against the Workers' types and imports the platform's module,
 * so it is loaded by name, with a stand-in for the one base class, and what is used of it is said here.
 */
import {registerHooks} from 'node:module';

const PLATFORM = `export class DurableObject {
  constructor(ctx, env) { this.ctx = ctx; this.env = env; }
}`;

export interface BatchLike {
  readonly bytes: Uint8Array;
  readonly count: number;
  readonly ids: Uint8Array | null;
}

export interface AppendRequestLike {
  readonly batches: readonly BatchLike[];
}

export type AppendResultLike =
  | {
      readonly kind: 'stored';
      readonly incarnation: string;
      readonly firstSeq: number;
      readonly duplicates: readonly {readonly index: number; readonly seq: number}[];
    }
  | {readonly kind: 'waiting'}
  | {readonly kind: 'full'; readonly bound: string};

export interface ShardLike {
  append(request: AppendRequestLike): Promise<AppendResultLike> | AppendResultLike;
  fetch(): unknown;
  webSocketMessage(socket: unknown, text: string): Promise<void>;
  webSocketClose(socket: unknown): void;
  alarm(): Promise<void>;
  status(): {
    readonly firstSeq: number;
    readonly nextSeq: number;
    readonly records: number;
    readonly overflowed: number;
  };
}

export type ShardClass = new (ctx: unknown, env: unknown, pipeline: unknown) => ShardLike;

/** What the Worker does with accepted records before it calls a shard. */
export type EncodeBatches = (
  context: {readonly receivedMs: number; readonly headers: readonly [string, string][]},
  records: readonly {
    readonly record: {
      readonly key: Uint8Array;
      readonly value: Uint8Array;
      readonly headers: readonly [string, string][];
    };
    readonly idHash: Uint8Array;
  }[],
) => readonly BatchLike[];

export interface GatewayParts {
  readonly object: ShardClass;
  readonly encodeBatches: EncodeBatches;
}

export async function loadGateway(): Promise<GatewayParts> {
  registerHooks({
    resolve: (specifier, context, next) =>
      specifier === 'cloudflare:workers'
        ? {url: `data:text/javascript,${encodeURIComponent(PLATFORM)}`, shortCircuit: true}
        : next(specifier, context),
  });
  const {ShardObject} = (await load('buffer/shard-object.ts')) as {ShardObject: ShardClass};
  const {encodeBatches} = (await load('buffer/encode-batches.ts')) as {
    encodeBatches: EncodeBatches;
  };
  return {object: ShardObject, encodeBatches};
}

function load(path: string): Promise<unknown> {
  return import(new URL(`../../../gateway-worker/${path}`, import.meta.url).href);
}

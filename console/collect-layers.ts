import type * as z from 'zod';
import {toError} from '../src/lib/errors.ts';
import {DrainStatus, ProcessorStatus, ShardsDocument} from '../src/protocol/status.ts';

/** A layer that is slower than this counts as unreachable: an operator waits for this document. */
export const LAYER_DEADLINE_MS = 3_000;

export interface GatewayOptions {
  readonly gatewayUrl: string;
  readonly adminKey: string;
}

export interface LayersOptions extends GatewayOptions {
  readonly drainUrls: readonly string[];
  readonly processorUrls: readonly string[];
}

/** What each layer said of itself, all asked at once. A layer is `null` when one of its replicas did not answer. */
export interface Layers {
  readonly gateway: ShardsDocument | null;
  readonly drains: readonly DrainStatus[] | null;
  readonly processors: readonly ProcessorStatus[] | null;
  readonly unreachable: readonly Unreachable[];
}

export interface Unreachable {
  readonly part: 'gateway' | 'drain' | 'processor';
  readonly url: string;
  readonly reason: string;
}

/** The gateway alone. @throws when it does not answer as it should within the deadline. */
export function collectShards({gatewayUrl, adminKey}: GatewayOptions): Promise<ShardsDocument> {
  return askLayer(ShardsDocument, gatewayQuestion(gatewayUrl, adminKey));
}

export async function collectLayers(options: LayersOptions): Promise<Layers> {
  const {gatewayUrl, drainUrls, processorUrls} = options;
  const unreachable: Unreachable[] = [];
  const ask = async <T>(schema: z.ZodType<T>, question: Question): Promise<T | null> => {
    try {
      return await askLayer(schema, question);
    } catch (error) {
      const {part, url} = question;
      unreachable.push({part, url, reason: toError(error).message});
      return null;
    }
  };
  const [gateway, drains, processors] = await Promise.all([
    ask(ShardsDocument, gatewayQuestion(gatewayUrl, options.adminKey)),
    Promise.all(drainUrls.map((url) => ask(DrainStatus, {part: 'drain', url, path: '/status'}))),
    Promise.all(
      processorUrls.map((url) => ask(ProcessorStatus, {part: 'processor', url, path: '/status'})),
    ),
  ]);
  return {
    gateway,
    drains: drains.every((drain) => drain !== null) ? drains : null,
    processors: processors.every((processor) => processor !== null) ? processors : null,
    unreachable,
  };
}

interface Question {
  readonly part: Unreachable['part'];
  readonly url: string;
  readonly path: string;
  readonly key?: string;
}

function gatewayQuestion(url: string, key: string): Question {
  return {part: 'gateway', url, path: '/admin/v1/shards', key};
}

async function askLayer<T>(schema: z.ZodType<T>, {url, path, key}: Question): Promise<T> {
  const answer = await fetch(`${url}${path}`, {
    headers: key === undefined ? {} : {authorization: `Bearer ${key}`},
    signal: AbortSignal.timeout(LAYER_DEADLINE_MS),
  });
  if (!answer.ok) throw new Error(`answered ${answer.status}`);
  return schema.parse(await answer.json());
}

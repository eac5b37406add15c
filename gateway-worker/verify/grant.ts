import type {Quota} from '../../src/define/quota.ts';
import type {CredentialSource} from '../../src/define/source.ts';
import {Problem} from '../answer/problem.ts';
import type {CheckedStream} from '../validate/check-event.ts';

/** Who sends, once that is proven, and what they may do. */
export interface Grant {
  readonly kind: CredentialSource['kind'];
  /** Stable over rotations of the secret, and different for any two senders: `key 5f…`, `device readings d-7`. */
  readonly sender: string;
  readonly scopes: ReadonlySet<string>;
  readonly quota: Quota | undefined;
}

/** What credentials that are for sending only may do: write to these streams. */
export function writeScopes(streams: Iterable<string>): ReadonlySet<string> {
  return new Set(Array.from(streams, (name) => `ingest:write:${name}`));
}

/** @throws Problem `forbidden` unless the grant has one of these scopes */
export function requireScope(grant: Grant, ...scopes: readonly string[]): void {
  if (scopes.some((scope) => grant.scopes.has(scope))) return;
  throw new Problem('forbidden', `these credentials have not the scope ${scopes[0]}`);
}

/** @throws Problem `forbidden` unless this sender may write to the stream by these credentials */
export function requireStream(grant: Grant, {definition}: CheckedStream): void {
  const {name, accept} = definition;
  requireScope(grant, `ingest:write:${name}`, 'ingest:write:*');
  if (accept.some(({kind}) => kind === grant.kind)) return;
  throw new Problem('forbidden', `the stream ${name} does not take events by ${grant.kind}`);
}

import type {WebhookScheme} from '../../../src/define/webhook-scheme.ts';
import {Problem} from '../../answer/problem.ts';
import type {Gateway} from '../../gateway.ts';
import type {CheckedStream} from '../../validate/check-event.ts';

/** The stream a source's deliveries go to, and how they are proven. */
export interface WebhookEntry {
  readonly stream: CheckedStream;
  readonly scheme: WebhookScheme;
}

/** By source; `definePipeline` has checked that a source feeds one stream. */
export function webhookSources(
  streams: Iterable<CheckedStream>,
): ReadonlyMap<string, WebhookEntry> {
  return new Map(
    Array.from(streams).flatMap((stream) =>
      stream.definition.accept.flatMap((source) =>
        source.kind === 'webhook'
          ? [[source.scheme.source, {stream, scheme: source.scheme}] as const]
          : [],
      ),
    ),
  );
}

/** @throws Problem `not-found` */
export function webhookEntry({webhooks}: Gateway, source: string): WebhookEntry {
  const entry = webhooks.get(source);
  if (entry === undefined) throw new Problem('not-found', 'there is no such webhook source here');
  return entry;
}

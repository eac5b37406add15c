import type {HeaderToEncode, RecordContext} from '../../src/record/codec.ts';
import {isoTime} from './iso-time.ts';
import type {EventAttributes, ReceivedEvent} from './received-event.ts';

/** What holds for events of a request that do not say it themselves. */
export interface RequestDefaults {
  /** `ce_source` */
  readonly source: string;
  /** `ce_type` */
  readonly eventType: string;
}

/** Events whose form says nothing else are kept as the JSON they came as. */
const JSON_TYPE = 'application/json';

/**
 * The headers of a request's records, each written once: into the shared context when no event says its own, into every
 * record when one does.
 */
export class RecordHeaders {
  readonly context: RecordContext;
  readonly #defaults: RequestDefaults;
  readonly #isShared: boolean;

  constructor(
    context: RecordContext,
    defaults: RequestDefaults,
    events: readonly Pick<ReceivedEvent, 'attributes'>[],
  ) {
    this.#defaults = defaults;
    this.#isShared = events.every(({attributes}) => attributes === undefined);
    this.context = this.#isShared
      ? {...context, headers: [...describe(undefined, defaults), ...context.headers]}
      : context;
  }

  of(id: string, timeMs: number | null, attributes?: EventAttributes): HeaderToEncode[] {
    const headers: HeaderToEncode[] = [['ce_id', id]];
    if (timeMs !== null) headers.push(['ce_time', isoTime(timeMs)]);
    if (this.#isShared) return headers;
    return [...headers, ...describe(attributes, this.#defaults), ...(attributes?.headers ?? [])];
  }
}

function describe(
  attributes: EventAttributes | undefined,
  {source, eventType}: RequestDefaults,
): HeaderToEncode[] {
  return [
    ['ce_source', attributes?.source ?? source],
    ['ce_type', attributes?.type ?? eventType],
    ['content-type', attributes?.contentType ?? JSON_TYPE],
  ];
}

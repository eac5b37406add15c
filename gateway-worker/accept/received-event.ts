import type {SentAttributes} from '../../src/define/stream.ts';
import type {Issue} from '../validate/issue.ts';

/**
 * An event as it came: the bytes that become the record's value, and what they say; or why they say nothing. `bytes`
 * `null` is an event without data (CloudEvents): a record with a null value.
 */
export type ReceivedEvent =
  | {
      readonly bytes: Uint8Array | null;
      readonly value: unknown;
      readonly issue: null;
      readonly attributes?: EventAttributes;
      /** How many members the JSON text has in all its objects, where a scan has counted them already. */
      readonly members?: number | undefined;
    }
  | {
      readonly bytes: Uint8Array | null;
      readonly issue: Issue;
      readonly attributes?: EventAttributes;
    };

/**
 * What a dialect says of one event beside its data. What is missing is taken from the request or the stream. Of an `id`,
 * the same from the same sender (and source) again is a duplicate; `timeMs` is `ce_time` where the stream has no
 * `eventTime` of its own; `subject` and `extensions` are for the stream's functions, and in `headers` for Kafka.
 */
export interface EventAttributes extends SentAttributes {
  /** `content-type`; JSON when missing. */
  readonly contentType?: string;
  /** Key of the record where the stream has no `key` of its own. */
  readonly key?: string;
  /** Further headers: `ce_subject`, `ce_dataschema`, CloudEvents extensions. Their dialect bounds them. */
  readonly headers?: readonly (readonly [name: string, value: string])[];
}

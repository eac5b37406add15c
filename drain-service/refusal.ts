import {errorWords} from './error-words.ts';

/** Why Kafka does not take a record, by Kafka's own names of the errors, in words that are the same for every record. */
const REASONS = {
  MESSAGE_TOO_LARGE: 'it is larger than max.message.bytes of its topic',
  RECORD_LIST_TOO_LARGE: 'it is larger than segment.bytes of its topic',
  INVALID_RECORD: 'its topic takes no such record, as a compacted one takes none without a key',
  INVALID_TIMESTAMP: 'its received time is further from the broker’s clock than its topic allows',
  REFUSED: 'the broker does not take it',
} as const satisfies Readonly<Record<string, string>>;

export interface Refusal {
  readonly code: keyof typeof REASONS;
  readonly reason: string;
}

/** What a refused transaction says of its record: one of few words, fit for a label. */
export function refusalOf(error: Error): Refusal {
  const words = errorWords(error);
  const codes = Object.keys(REASONS) as (keyof typeof REASONS)[];
  const code = codes.find((name) => words.includes(name)) ?? 'REFUSED';
  return {code, reason: REASONS[code]};
}

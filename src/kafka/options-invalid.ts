import {ForebayError} from '../lib/errors.ts';

/** What is wrong with the environment's words about Kafka, and what to write instead. */
export function optionsInvalid(message: string, hint: string, cause?: unknown): ForebayError {
  return new ForebayError({code: 'KAFKA_OPTIONS_INVALID', message, hint, cause});
}

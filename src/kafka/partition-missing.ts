import {ForebayError} from '../lib/errors.ts';
import type {OutgoingRecord} from './ports.ts';

/** A record for a partition that is not there: neither client says so by itself. */
export function partitionMissing({topic, partition}: OutgoingRecord): ForebayError {
  return new ForebayError({
    code: 'KAFKA_PARTITION_MISSING',
    message: `there is no partition ${partition} of ${topic}`,
    hint: 'create the topic with more partitions',
  });
}

import * as z from 'zod';
import {Problem} from '../../answer/problem.ts';
import {issueOf} from '../../validate/issue.ts';
import {envelopeMembers} from '../envelope-members.ts';
import {elementSlices} from '../json-slices.ts';
import type {InvalidRecord, RestRecord} from './rest-record.ts';
import {parseObject} from './split-objects.ts';
import {v3Record} from './v3-records.ts';

/** As Confluent's servers have it (`api.v3.produce.batch.maximum.entries`). */
const MAX_BATCH_ENTRIES = 10;
const MAX_ENTRY_ID_CHARS = 80;

/** More than a batch may have, so that the answer can say what is wrong; never millions. */
const MAX_ENTRIES_LOOKED_AT = 10_000;

const Batch = z.compile(
  z.object({
    entries: z
      .array(z.looseObject({id: z.string().min(1).max(MAX_ENTRY_ID_CHARS)}))
      .max(MAX_ENTRIES_LOOKED_AT),
  }),
  {strict: true},
);

export interface BatchEntry {
  readonly id: string;
  readonly record: RestRecord | InvalidRecord;
}

/** @throws Problem when the entries cannot be told apart, or are none or too many */
export function v3Batch(body: Uint8Array): readonly BatchEntry[] {
  const {bytes, value} = parseObject(body);
  const parsed = Batch.safeParse(value);
  if (!parsed.success) {
    const {pointer, detail} = issueOf(parsed.error.issues[0]!);
    throw new Problem('invalid-request', `${pointer}: ${detail}`);
  }
  const {entries} = parsed.data;
  if (entries.length === 0) throw new Problem('empty-batch', 'send at least one entry');
  if (entries.length > MAX_BATCH_ENTRIES)
    throw new Problem('too-many-events', `a batch has at most ${MAX_BATCH_ENTRIES} entries`);
  if (new Set(entries.map(({id}) => id)).size < entries.length)
    throw new Problem('invalid-request', 'two entries have one id');
  const slices = elementSlices(envelopeMembers(bytes).get('entries')!);
  return entries.map((entry, index) => ({
    id: entry.id,
    record: v3Record({bytes: slices[index]!, value: entry}),
  }));
}

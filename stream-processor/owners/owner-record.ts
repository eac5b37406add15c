import * as z from 'zod';
import {fromUtf8, utf8} from '../../src/lib/bytes.ts';
import type {IncomingRecord, OutgoingRecord} from '../../src/kafka/ports.ts';
import type {TopicNames} from '../../src/protocol/topics.ts';

/** Who works on a task, and where it answers. */
export const Owner = z.object({
  /** `<group>.<partition>`; also the record's key, so the topic keeps the last owner of each task. */
  task: z.string(),
  replica: z.string(),
  /** Base URL of its queries. */
  url: z.string(),
  /** When it took over, by its clock. */
  sinceMs: z.number(),
});
export type Owner = z.infer<typeof Owner>;

/**
 * The announcement of a new owner. It belongs into a transaction behind the task's fence: an owner that was deposed
 * cannot commit there any more, so it never overwrites its successor's.
 */
export function ownerRecord(owner: Owner, names: TopicNames): OutgoingRecord {
  return {
    topic: names.owners(),
    partition: 0,
    key: utf8(owner.task),
    value: utf8(JSON.stringify(owner)),
    headers: [],
    timestampMs: owner.sinceMs,
  };
}

/** `undefined` for what is no announcement of this version. */
export function readOwner({value}: Pick<IncomingRecord, 'value'>): Owner | undefined {
  if (value === null) return undefined;
  try {
    return Owner.parse(JSON.parse(fromUtf8(value)));
  } catch {
    return undefined;
  }
}

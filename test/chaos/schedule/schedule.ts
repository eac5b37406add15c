import {existsSync, readFileSync} from 'node:fs';
import * as z from 'zod';

/** One fault of a run. Its `seed` draws the rest; the rest is there for people. */
export const ScheduledFault = z.object({
  fault: z.int(),
  /** Since the load began. */
  atMs: z.int(),
  kind: z.string(),
  seed: z.int(),
  target: z.string(),
  detail: z.string(),
  durationMs: z.int(),
});
export type ScheduledFault = z.infer<typeof ScheduledFault>;

/** Everything that makes a run what it is, beside the machine. */
export const Schedule = z.object({
  seed: z.int(),
  minutes: z.number(),
  rate: z.number(),
  client: z.enum(['platformatic', 'kafkajs']),
  /** What it showed, where it is kept as a regression. */
  note: z.string().optional(),
  faults: z.array(ScheduledFault),
});
export type Schedule = z.infer<typeof Schedule>;

/** @throws when there is no such file or it holds no schedule */
export function readSchedule(path: string): Schedule {
  if (!existsSync(path)) throw new Error(`there is no schedule ${path}`);
  return Schedule.parse(JSON.parse(readFileSync(path, 'utf8')));
}

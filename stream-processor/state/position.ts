import * as z from 'zod';
import type {TumblingView} from '../../src/define/view.ts';
import {fromUtf8, utf8} from '../../src/lib/bytes.ts';
import {ForebayError} from '../../src/lib/errors.ts';

/**
 * The position record: the last record of every commit, in the same transaction as what it describes.
 *
 * Changes: 1 first version.
 */
export const Position = z.object({
  version: z.literal(1),
  /** Made at the task's first commit and kept: tells this changelog from a later topic of the same name. */
  origin: z.string(),
  /** Next offset of the data topic to apply. */
  offset: z.string().regex(/^\d+$/),
  streamTimeMs: z.number().nullable(),
  /** Received time of the newest record applied: what comes next was received later. Newer than version 1's first form. */
  appliedReceivedMs: z.number().nullable().optional(),
  /** Per shard the incarnation and seq applied last. */
  guards: z.record(z.string(), z.tuple([z.string(), z.number()])),
  /** Per view, since its first commit. */
  lateRecords: z.record(z.string(), z.number()),
  /** Per view, the end of the last windows closed: they stay closed, also if the definition has a longer grace one day. */
  closedThroughMs: z.record(z.string(), z.number()),
  /** Per view, what its states mean. */
  layouts: z.record(z.string(), z.string()),
});
export type Position = z.infer<typeof Position>;

export function encodePosition(position: Position): Uint8Array {
  return utf8(JSON.stringify(position));
}

export function decodePosition(value: Uint8Array): Position {
  return Position.parse(JSON.parse(fromUtf8(value)));
}

/** All of a view's definition that decides what its states mean. */
export function layoutOf(view: TumblingView): string {
  const aggregates = Object.entries(view.aggregates).map(([name, {op}]) => `${name}=${op}`);
  return `${view.kind} ${view.sizeMs} ${aggregates.join(',')}`;
}

/** @throws ForebayError `VIEW_CHANGED`: a view's committed states cannot be read with its present definition. */
export function checkLayouts(position: Position, views: readonly TumblingView[]): void {
  for (const view of views) {
    const before = position.layouts[view.name];
    const now = layoutOf(view);
    if (before === undefined || before === now) continue;
    throw new ForebayError({
      code: 'VIEW_CHANGED',
      message: `view "${view.name}" is now "${now}", its state was written as "${before}"`,
      hint: 'give the changed view a new name, or delete its result topic and the changelog topic to count again from the start',
    });
  }
}

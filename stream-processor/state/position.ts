import * as z from 'zod';
import {ForebayError} from '../../src/lib/errors.ts';
import {fromUtf8, utf8} from '../../src/lib/bytes.ts';

const POSITION_VERSION = 2;

const RootPosition = z.object({
  /** Next offset of the topic to apply. */
  offset: z.string().regex(/^\d+$/),
  /** Stream time of the root. */
  timeMs: z.number().nullable(),
  /** Received time of the newest record applied: what comes next was received later. */
  receivedMs: z.number().nullable(),
  /** Of a stream: per shard the incarnation and seq applied last. */
  guards: z.record(z.string(), z.tuple([z.string(), z.number()])).optional(),
  /** Of a repartition topic: per writing task the time it was last known to be at. */
  writers: z.record(z.string(), z.number().nullable()).optional(),
});
export type RootPosition = z.infer<typeof RootPosition>;

const MemberPosition = z.object({
  /** Its own time: may be ahead of the least of what it reads, and never goes back. */
  timeMs: z.number().nullable(),
  /** Of a view: what its operator has to remember beside its stores. */
  mark: z.json().optional(),
  /** Of a view: what its states mean. */
  layout: z.string().optional(),
  /** Since the first commit. */
  lateRecords: z.number(),
});
export type MemberPosition = z.infer<typeof MemberPosition>;

/**
 * The position record: the last record of every commit, in the same transaction as what it describes.
 *
 * Changes: 1 first version: one stream, tumbling views. 2 roots and members by name; version 1 is read, too.
 */
export const Position = z.object({
  version: z.literal(POSITION_VERSION),
  /** Made at the task's first commit and kept: tells this changelog from a later topic of the same name. */
  origin: z.string(),
  roots: z.record(z.string(), RootPosition),
  /** Views, tables and sinks. */
  members: z.record(z.string(), MemberPosition),
});
export type Position = z.infer<typeof Position>;

const PositionV1 = z.object({
  version: z.literal(1),
  origin: z.string(),
  offset: z.string().regex(/^\d+$/),
  streamTimeMs: z.number().nullable(),
  appliedReceivedMs: z.number().nullable().optional(),
  guards: z.record(z.string(), z.tuple([z.string(), z.number()])),
  lateRecords: z.record(z.string(), z.number()),
  /** Per view, the end of the last windows closed. */
  closedThroughMs: z.record(z.string(), z.number()),
  layouts: z.record(z.string(), z.string()),
});

const AnyPosition = z.discriminatedUnion('version', [PositionV1, Position]);

export function encodePosition(position: Position): Uint8Array {
  return utf8(JSON.stringify(position));
}

/**
 * `root`: the one root of a task that version 1 knew.
 * @throws ForebayError `CHANGELOG_VERSION` for what a newer release wrote.
 */
export function decodePosition(value: Uint8Array, root: string): Position {
  const json = JSON.parse(fromUtf8(value)) as {readonly version?: unknown};
  if (Number(json.version) > POSITION_VERSION) {
    throw new ForebayError({
      code: 'CHANGELOG_VERSION',
      message: `the position is in version ${String(json.version)}, this program reads ${POSITION_VERSION}`,
      hint: 'run the release that wrote it',
    });
  }
  const position = AnyPosition.parse(json);
  return position.version === 1 ? fromV1(position, root) : position;
}

function fromV1(old: z.infer<typeof PositionV1>, root: string): Position {
  const {origin, offset, streamTimeMs, guards, lateRecords, closedThroughMs, layouts} = old;
  return {
    version: 2,
    origin,
    roots: {
      [root]: {offset, timeMs: streamTimeMs, receivedMs: old.appliedReceivedMs ?? null, guards},
    },
    members: Object.fromEntries(
      Object.entries(layouts).map(([view, layout]) => [
        view,
        {
          timeMs: streamTimeMs,
          layout,
          lateRecords: lateRecords[view] ?? 0,
          // As tumbling windows say it since version 2.
          ...(closedThroughMs[view] === undefined
            ? {}
            : {mark: {closedThroughMs: closedThroughMs[view]}}),
        },
      ]),
    ),
  };
}

/** The calls of Segment's HTTP API, each an event of its own: https://segment.com/docs/connections/sources/catalog/libraries/server/http-api/ */
export const SEGMENT_CALLS = ['track', 'identify', 'page', 'screen', 'group', 'alias'] as const;

export type SegmentCall = (typeof SEGMENT_CALLS)[number];

/** Where events come in: one by one, or a batch of any calls. */
export type SegmentRoute = SegmentCall | 'batch';

export function isSegmentCall(value: unknown): value is SegmentCall {
  return (SEGMENT_CALLS as readonly unknown[]).includes(value);
}

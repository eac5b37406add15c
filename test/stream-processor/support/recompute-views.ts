/** Rows of views over all readings, as anyone would compute them; shares no code with the engine. */
import type {Reading} from './produce-readings.ts';

export interface Row {
  readonly key: string;
  /** Absent in views without windows. */
  readonly start?: number;
  readonly end?: number;
  readonly readings: number;
  readonly totalC: number;
  readonly maxC: number;
}

export interface Group {
  readonly start?: number;
  readonly end?: number;
  readonly members: readonly Reading[];
}

export interface RecomputeOptions {
  readonly keyOf: (reading: Reading) => string;
  /** Of the readings of one key, in the order in which they came. */
  readonly groupsOf: (ofKey: readonly Reading[]) => readonly Group[];
}

export function recomputeView(
  all: readonly Reading[],
  {keyOf, groupsOf}: RecomputeOptions,
): readonly Row[] {
  return [...Map.groupBy(all, keyOf)]
    .flatMap(([key, ofKey]) =>
      groupsOf(ofKey).map(({members, ...times}) => {
        const celsius = members.map(({temperatureC}) => temperatureC);
        return {
          key,
          ...times,
          readings: celsius.length,
          totalC: celsius.reduce((a, b) => a + b, 0),
          maxC: Math.max(...celsius),
        };
      }),
    )
    .toSorted(byKeyAndTimes);
}

export interface WindowsOptions {
  readonly sizeMs: number;
  /** Windows start at every multiple of it. */
  readonly advanceMs: number;
  /** Whether a reading comes too late for windows that end then. */
  readonly isLate: (reading: Reading, endMs: number) => boolean;
}

export function windowsOf(options: WindowsOptions): RecomputeOptions['groupsOf'] {
  const {sizeMs, advanceMs, isLate} = options;
  return (ofKey) => {
    const windows = new Map<number, Reading[]>();
    for (const reading of ofKey) {
      const last = reading.timeMs - (reading.timeMs % advanceMs);
      for (let start = last; start + sizeMs > reading.timeMs; start -= advanceMs) {
        if (isLate(reading, start + sizeMs)) continue;
        windows.set(start, [...(windows.get(start) ?? []), reading]);
      }
    }
    return [...windows].map(([start, members]) => ({start, end: start + sizeMs, members}));
  };
}

export function sessionsOf(gapMs: number): RecomputeOptions['groupsOf'] {
  return (ofKey) => {
    const sessions: {start: number; end: number; members: Reading[]}[] = [];
    for (const reading of ofKey.toSorted((a, b) => a.timeMs - b.timeMs)) {
      const last = sessions.at(-1);
      if (last === undefined || reading.timeMs - last.end > gapMs) {
        sessions.push({start: reading.timeMs, end: reading.timeMs, members: [reading]});
      } else {
        last.end = reading.timeMs;
        last.members.push(reading);
      }
    }
    return sessions;
  };
}

/** The one group of a view without windows. */
export function wholeOf(ofKey: readonly Reading[]): readonly Group[] {
  return [{members: ofKey}];
}

/** Keys of tests are ASCII. */
export function byKeyAndTimes(a: Row, b: Row): number {
  if (a.key !== b.key) return a.key < b.key ? -1 : 1;
  return (a.start ?? 0) - (b.start ?? 0) || (a.end ?? 0) - (b.end ?? 0);
}

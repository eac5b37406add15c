/** The windows as anyone would compute them from the input; shares no code with the engine. */
import {GRACE_MS, SIZE_MS} from './pipeline.ts';
import type {Reading} from './produce-readings.ts';

export interface Window {
  readonly key: string;
  readonly start: number;
  readonly end: number;
  readonly readings: number;
  readonly totalC: number;
  readonly minC: number;
  readonly maxC: number;
  readonly meanC: number;
}

export interface Recomputed {
  readonly closed: readonly Window[];
  readonly open: readonly Window[];
  readonly late: readonly Reading[];
}

/** `partitionOf` says whose stream time counts for a station. */
export function recompute(
  all: readonly Reading[],
  partitionOf: (station: string) => number,
): Recomputed {
  const streamTime = new Map<number, number>();
  const members = new Map<string, Reading[]>();
  const late: Reading[] = [];
  for (const reading of all) {
    const partition = partitionOf(reading.station);
    const time = Math.max(streamTime.get(partition) ?? 0, reading.timeMs);
    streamTime.set(partition, time);
    const start = reading.timeMs - (reading.timeMs % SIZE_MS);
    if (start + SIZE_MS + GRACE_MS <= time) late.push(reading);
    else {
      const name = `${start} ${reading.station}`;
      members.set(name, [...(members.get(name) ?? []), reading]);
    }
  }
  const windows = [...members.values()].map(toWindow).sort(byStartAndKey);
  const isClosed = ({key, end}: Window) => end + GRACE_MS <= streamTime.get(partitionOf(key))!;
  return {
    closed: windows.filter(isClosed),
    open: windows.filter((window) => !isClosed(window)),
    late,
  };
}

function toWindow(members: readonly Reading[]): Window {
  const {station, timeMs} = members[0]!;
  const start = timeMs - (timeMs % SIZE_MS);
  const celsius = members.map((reading) => reading.temperatureC);
  const totalC = celsius.reduce((a, b) => a + b, 0);
  return {
    key: station,
    start,
    end: start + SIZE_MS,
    readings: celsius.length,
    totalC,
    minC: Math.min(...celsius),
    maxC: Math.max(...celsius),
    meanC: totalC / celsius.length,
  };
}

/** Keys of tests are ASCII. */
export function byStartAndKey(
  a: {start: number; key: string},
  b: {start: number; key: string},
): number {
  return a.start - b.start || (a.key < b.key ? -1 : a.key > b.key ? 1 : 0);
}

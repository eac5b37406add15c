import type {Reading} from './produce-readings.ts';

export interface ClosingOptions {
  readonly partitionOf: (station: string) => number;
  /** From the last of the readings on. */
  readonly afterMs: number;
}

/** A reading late in time for every partition that has any, so that all windows before it close. */
export function closingReadings(
  all: readonly Reading[],
  {partitionOf, afterMs}: ClosingOptions,
): readonly Reading[] {
  const stations = new Map(all.map(({station}) => [partitionOf(station), station]));
  const timeMs = Math.max(...all.map((reading) => reading.timeMs)) + afterMs;
  return [...stations.values()].map((station) => ({station, timeMs, temperatureC: 0}));
}

import {readFile} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';

/** A reading as the shipped `readings` stream takes it; what else the file says of it travels along. */
export interface WeatherReading {
  readonly station: string;
  /** RFC 3339. The files name no time zone: times are sent as they are written, in UTC. */
  readonly time: string;
  readonly temperatureC: number;
  readonly [extra: string]: string | number;
}

/** A day's file gives the day's lowest and highest temperature, but not when; these are the usual hours. */
const COLDEST_TIME = 'T06:00:00Z';
const WARMEST_TIME = 'T15:00:00Z';

/**
 * Real measurements from the npm package `vega-datasets`, in the order of their own time, one series a station:
 * - `seattle-normals`: what every hour of a year is normally like in Seattle (NOAA, 1981–2010), dated 2010;
 * - `seattle`, `new-york`: the coldest and warmest of every day from 2012 to 2015 (NOAA).
 *
 * The stations' names fall on different partitions of the shipped stream. They are years apart, and a partition's
 * watermark follows its newest record, so on a shared one the older station's readings would all be late.
 */
export async function weatherReadings(): Promise<readonly (readonly WeatherReading[])[]> {
  const [hourly, daily] = await Promise.all([
    rowsOf('seattle-weather-hourly-normals.csv'),
    rowsOf('weather.csv'),
  ]);
  return [
    hourly.map(hourlyReading),
    daily.filter((row) => row['location'] === 'Seattle').flatMap(dailyReadings('seattle')),
    daily.filter((row) => row['location'] === 'New York').flatMap(dailyReadings('new-york')),
  ];
}

/** The readings of all stations side by side: a step has the next one of each station that still has one. */
export async function* weatherSteps(fromStep: number): AsyncGenerator<readonly WeatherReading[]> {
  const series = await weatherReadings();
  const steps = Math.max(...series.map((readings) => readings.length));
  for (let step = fromStep; step < steps; step += 1) {
    yield series.flatMap((readings) => readings[step] ?? []);
  }
}

type Row = Readonly<Record<string, string>>;

function hourlyReading({date, temperature, pressure, wind}: Row): WeatherReading {
  return {
    station: 'seattle-normals',
    time: `${date}Z`,
    temperatureC: Number(temperature),
    pressure: Number(pressure),
    wind: Number(wind),
  };
}

function dailyReadings(station: string): (row: Row) => WeatherReading[] {
  return ({date, temp_min, temp_max, precipitation, wind, weather}) => {
    const day = {
      precipitation: Number(precipitation),
      wind: Number(wind),
      weather: weather ?? '',
    };
    return [
      {station, time: `${date}${COLDEST_TIME}`, temperatureC: Number(temp_min), ...day},
      {station, time: `${date}${WARMEST_TIME}`, temperatureC: Number(temp_max), ...day},
    ];
  };
}

/** Rows by column name. The files quote nothing. */
async function rowsOf(file: string): Promise<Row[]> {
  const entry = fileURLToPath(import.meta.resolve('vega-datasets'));
  const text = await readFile(join(dirname(entry), '..', 'data', file), 'utf8');
  const [header = '', ...lines] = text.trim().split(/\r?\n/);
  const columns = header.split(',');
  return lines.map((line) => {
    const values = line.split(',');
    return Object.fromEntries(columns.map((column, index) => [column, values[index] ?? '']));
  });
}

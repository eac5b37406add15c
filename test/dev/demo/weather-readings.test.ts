import {expect, test} from 'vitest';
import pipeline, {readings as stream} from '../../../src/pipeline.ts';
import {demoFor} from '../../../dev/demo/demo-for.ts';
import {weatherReadings, weatherSteps} from '../../../dev/demo/weather-readings.ts';
import {utf8} from '../../../src/lib/bytes.ts';
import {partitionOf} from '../../../src/record/shard.ts';
import {collect} from '../../support/collect.ts';

test('every reading of the files is there, and the shipped stream takes it', async () => {
  const series = await weatherReadings();
  expect(series.map(({length}) => length)).toEqual([8_759, 2_922, 2_922]);
  for (const reading of series.flat()) expect(stream.schema.safeParse(reading).success).toBe(true);
});

test('readings are the files’ own numbers at the files’ own times', async () => {
  const [normals, seattle, newYork] = await weatherReadings();
  // 2010-01-01T01:00:00,1016.6,4.0,3.8
  expect(normals?.[0]).toEqual({
    station: 'seattle-normals',
    time: '2010-01-01T01:00:00Z',
    temperatureC: 4,
    pressure: 1016.6,
    wind: 3.8,
  });
  // Seattle,2012-01-02,10.9,10.6,2.8,4.5,rain
  const second = {precipitation: 10.9, wind: 4.5, weather: 'rain', station: 'seattle'};
  expect(seattle?.slice(2, 4)).toEqual([
    {...second, time: '2012-01-02T06:00:00Z', temperatureC: 2.8},
    {...second, time: '2012-01-02T15:00:00Z', temperatureC: 10.6},
  ]);
  // New York,2015-12-31,1.5,11.1,6.1,5.5,rain
  expect(newYork?.at(-1)).toMatchObject({time: '2015-12-31T15:00:00Z', temperatureC: 11.1});
});

test('each station’s readings are in the order of their time, so none is late', async () => {
  for (const readings of await weatherReadings()) {
    const times = readings.map(({time}) => Date.parse(time));
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(new Set(times).size).toBe(times.length);
  }
});

test('no two stations, nor the one of the sample request, share a partition of the shipped stream', async () => {
  const stations = (await weatherReadings()).map(([first]) => first!.station);
  const partitions = [...stations, 'garden'].map((station) =>
    partitionOf(utf8(station), stream.partitions),
  );
  expect(new Set(partitions).size).toBe(4);
});

test('steps go on from where an earlier start was, to the end of the longest series', async () => {
  const first = (await weatherSteps(0).next()).value as readonly object[];
  expect(first).toHaveLength(3);
  const rest = await collect(weatherSteps(8_750));
  expect(rest).toHaveLength(9);
  expect(rest.at(-1)).toMatchObject([{time: '2010-12-31T23:00:00Z', temperatureC: 4.3}]);
});

test('the demo is for definitions that take its input', () => {
  expect(demoFor(pipeline)).toEqual({hasWeather: true, githubSecret: 'GITHUB_WEBHOOK_SECRET'});
  expect(demoFor({...pipeline, streams: []})).toBeUndefined();
});

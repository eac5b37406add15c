import type {Pipeline} from '../../src/define/pipeline.ts';
import {secretNamesOf} from '../../src/define/webhook-scheme.ts';

export interface DemoInput {
  readonly hasWeather: boolean;
  /** The name of the secret GitHub's deliveries are signed with. */
  readonly githubSecret: string | undefined;
}

const SAMPLE_READING = {station: 'seattle', time: '2012-01-01T06:00:00Z', temperatureC: 5};

/** Which real input this definition takes; `undefined` when none. */
export function demoFor(pipeline: Pipeline): DemoInput | undefined {
  const readings = pipeline.streams.find(({name}) => name === 'readings');
  const hasWeather =
    readings !== undefined &&
    readings.accept.some(({kind}) => kind === 'api-key') &&
    readings.schema.safeParse(SAMPLE_READING).success;
  const schemes = pipeline.streams
    .flatMap(({accept}) => accept)
    .flatMap((source) => (source.kind === 'webhook' ? [source.scheme] : []));
  const github = schemes.find(({source}) => source === 'github');
  const githubSecret = github === undefined ? undefined : secretNamesOf(github)[0];
  return hasWeather || githubSecret !== undefined ? {hasWeather, githubSecret} : undefined;
}

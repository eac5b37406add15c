import type {Pipeline} from '../../src/define/pipeline.ts';
import type {AnyStream} from '../../src/define/stream.ts';
import type {RunningStack} from '../stack/start-stack.ts';

/**
 * A reading for the shipped pipeline. Its station is on a partition that no station of the demo is on: a partition's
 * watermark follows its newest record, and the demo's readings are years older than this one.
 */
const EXAMPLE_STATION = 'garden';

/** Where everything is, and a request that works when it is pasted. */
export function readyBlock(stack: RunningStack, now: Date): string[] {
  const {urls, key, adminKey, pipeline} = stack;
  const [view] = pipeline.views;
  return [
    '',
    'Forebay is ready.',
    '',
    `  gateway  ${urls.gateway}`,
    `  queries  ${urls.query}/v1/views`,
    `  console  ${urls.console}/v1/status (with the admin key)`,
    `  drain    ${urls.drain}/status`,
    `  Kafka    ${urls.kafka}`,
    `  key      ${key}`,
    `  admin    ${adminKey}`,
    '',
    ...sendLines(stack, now),
    ...(view === undefined
      ? []
      : ['Ask a view:', `  curl -s '${urls.query}/v1/views/${view.name}?${viewQuery(pipeline)}'`]),
    '',
  ];
}

/** Of the event just sent where there is one, else the first rows. */
function viewQuery(pipeline: Pipeline): string {
  const isShipped = keyedStream(pipeline)?.schema.safeParse(exampleAt(new Date(0))).success;
  return isShipped === true ? `key=${EXAMPLE_STATION}` : 'limit=5';
}

function exampleAt(now: Date): object {
  return {station: EXAMPLE_STATION, time: now.toISOString(), temperatureC: 21.5};
}

function sendLines({urls, key, pipeline}: RunningStack, now: Date): string[] {
  const stream = keyedStream(pipeline);
  if (stream === undefined) return [];
  const url = `${urls.gateway}/v1/streams/${stream.name}`;
  const example = exampleAt(now);
  const isShipped = stream.schema.safeParse(example).success;
  const body = isShipped ? `'${JSON.stringify(example)}'` : '@event.json';
  return [
    isShipped ? 'Send an event:' : `Send an event (its schema: ${url}/schema):`,
    `  curl -s ${url} \\`,
    `    -H 'Authorization: Bearer ${key}' -H 'Content-Type: application/json' \\`,
    `    -d ${body}`,
  ];
}

/** The first stream that takes an API key. */
function keyedStream(pipeline: Pipeline): AnyStream | undefined {
  return pipeline.streams.find(({accept}) => accept.some(({kind}) => kind === 'api-key'));
}

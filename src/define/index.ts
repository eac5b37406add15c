/** The words a pipeline is written in. */
export {count, max, mean, min, sum} from './aggregate.ts';
export {days, hours, minutes, seconds} from './duration.ts';
export {definePipeline} from './pipeline.ts';
export {
  apiKey,
  confluentRest,
  github,
  mqtt,
  otlpLogs,
  secret,
  segment,
  webhook,
  webSocket,
} from './source.ts';
export {defineStream} from './stream.ts';
export {tumbling} from './view.ts';

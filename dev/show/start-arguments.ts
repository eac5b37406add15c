import {parseArgs} from 'node:util';

export interface StartArguments {
  readonly hasDemo: boolean;
  readonly isFresh: boolean;
  readonly isJson: boolean;
  readonly isHelp: boolean;
  readonly pipelinePath: string | undefined;
}

export const START_USAGE = `npm start [-- OPTIONS]

Runs all of Forebay on this machine, sends real input and shows the results. Ctrl-C stops it.

  --no-demo         send nothing
  --pipeline PATH   use another definition than src/pipeline.ts
  --fresh           forget what earlier starts kept
  --json            print one JSON line on stdout when ready, everything else on stderr
  --help            this

Ports: FOREBAY_GATEWAY_PORT 8787, FOREBAY_DRAIN_PORT 8788, FOREBAY_QUERY_PORT 8789, FOREBAY_CONSOLE_PORT 8790,
FOREBAY_KAFKA_PORT 9092. KAFKA_BROKERS uses a cluster that is running. FOREBAY_STATE_DIR (.forebay) keeps the state.`;

/** @throws Error for an unknown option. */
export function startArguments(args: readonly string[]): StartArguments {
  const {values} = parseArgs({
    args: [...args],
    options: {
      'no-demo': {type: 'boolean', default: false},
      fresh: {type: 'boolean', default: false},
      json: {type: 'boolean', default: false},
      help: {type: 'boolean', short: 'h', default: false},
      pipeline: {type: 'string'},
    },
  });
  return {
    hasDemo: !values['no-demo'],
    isFresh: values.fresh,
    isJson: values.json,
    isHelp: values.help,
    pipelinePath: values.pipeline,
  };
}

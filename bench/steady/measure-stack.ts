import type {StackEvent} from '../../dev/stack/part.ts';
import {startBenchStack, type BenchStack} from './bench-stack.ts';
import {say} from './say.ts';

export interface StackMeasurement {
  readonly isJson: boolean;
  /** Without it, parts that crash or come back are told of. */
  readonly onEvent?: (event: StackEvent) => void;
  readonly measure: (bench: BenchStack) => Promise<object>;
}

/** One measurement of a whole Forebay of its own: starts it, measures, prints the result, and ends this process. */
export async function measureStack(measurement: StackMeasurement): Promise<never> {
  const {isJson, onEvent = sayCrash, measure} = measurement;
  const bench = await startBenchStack(onEvent);
  try {
    const result = await measure(bench);
    if (isJson) console.log(JSON.stringify(result));
    else console.table(result);
  } finally {
    await bench.stop();
  }
  process.exit(0);
}

function sayCrash(event: StackEvent): void {
  if (event.kind === 'crashed' || event.kind === 'restarted') say(JSON.stringify(event));
}

/** `npm run chaos -- --seed N --minutes M`: everything as real processes, every fault from one seed, one verdict. */
import {describeError} from '../src/lib/errors.ts';
import {ensureJars} from './kafka/ensure-jars.ts';
import {runTool} from './run-tool.ts';

/** The checker holds the whole history of a run: about 1 GB an hour. */
const HEAP_MB = 8_192;

process.exit(await run(process.argv.slice(2)));

async function run(args: readonly string[]): Promise<number> {
  try {
    await ensureJars((line) => console.log(line));
  } catch (error) {
    console.error(`a chaos run needs Apache Kafka's own jars: ${describeError(error)}`);
    return 1;
  }
  const heap = `--max-old-space-size=${HEAP_MB}`;
  return runTool('node', [heap, 'test/chaos/run-chaos.ts', ...args]);
}

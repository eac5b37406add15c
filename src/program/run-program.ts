import {systemClock} from '../lib/clock.ts';
import {describeError, ForebayError} from '../lib/errors.ts';
import {keepCompiled} from './keep-compiled.ts';
import {jsonLog, type Log} from '../telemetry/log.ts';

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;
/** From SIGTERM to the end of the process; orchestrators wait longer than 10 s before they kill. */
const STOP_DEADLINE_MS = 9_500;

export interface ProgramContext {
  readonly log: Log;
  /** Aborted by the first SIGTERM or SIGINT: finish or abandon what is under way, and return. */
  readonly stop: AbortSignal;
}

/**
 * Runs a Node program to its end and exits: 0 after a stop, 1 when it failed, 2 when a variable or the pipeline must be
 * mended first. A program that does not stop in time is ended with 1; nothing committed is lost by that.
 */
export async function runProgram(
  name: string,
  run: (context: ProgramContext) => Promise<void>,
): Promise<never> {
  const log = jsonLog(name, systemClock, (line) => process.stdout.write(`${line}\n`));
  keepCompiled();
  try {
    await run({log, stop: stopSignal(name, log)});
    return process.exit(0);
  } catch (error) {
    log.error(`the ${name} cannot run`, {error: describeError(error)});
    return process.exit(isUsageError(error) ? EXIT_USAGE : EXIT_FAILED);
  }
}

function stopSignal(name: string, log: Log): AbortSignal {
  const stop = new AbortController();
  const onSignal = (signal: NodeJS.Signals): void => {
    if (stop.signal.aborted) return;
    log.info('stopping', {signal});
    stop.abort();
    setTimeout(() => {
      log.error(`the ${name} did not stop in time and is ended`, {deadlineMs: STOP_DEADLINE_MS});
      process.exit(EXIT_FAILED);
    }, STOP_DEADLINE_MS).unref();
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  return stop.signal;
}

/** What an operator has to mend before anything can run. */
function isUsageError(error: unknown): boolean {
  return error instanceof ForebayError && /^(CONFIG|PIPELINE|KAFKA_OPTIONS)_/.test(error.code);
}

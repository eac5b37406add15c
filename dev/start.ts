/**
 * `npm start`: everything on this machine, real input, live results, until Ctrl-C.
 * Wiring only: arguments, stack, demo, screen, stop.
 */
import {resolve} from 'node:path';
import {describeError, toError} from '../src/lib/errors.ts';
import {demoFor} from './demo/demo-for.ts';
import {DemoPosition} from './demo/demo-position.ts';
import {sendDemo} from './demo/send-demo.ts';
import {showLiveResults} from './show/live-results.ts';
import {readyBlock} from './show/ready-block.ts';
import {Screen} from './show/screen.ts';
import {START_USAGE, startArguments, type StartArguments} from './show/start-arguments.ts';
import {portsFromEnv} from './stack/ports.ts';
import {startStack, type RunningStack} from './stack/start-stack.ts';

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;
const ASKED_AGAIN_MS = 1_000;
const DEFAULT_STATE_DIR = '.forebay';

/** Aborted by whatever ends this start; then everything is stopped in order, and only then does the process end. */
const stopping = new AbortController();
let bug: Error | undefined;
let stoppingSinceMs: number | undefined;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    // Asked again: the set-up ends what is left. One Ctrl-C may arrive twice, through the terminal and through npm.
    if (stoppingSinceMs !== undefined && Date.now() - stoppingSinceMs > ASKED_AGAIN_MS) {
      process.exit(EXIT_FAILED);
    }
    stoppingSinceMs ??= Date.now();
    stopping.abort();
  });
}
// The set-up that started this, or whoever reads the output, is gone.
process.on('disconnect', () => stopping.abort());
process.stdout.on('error', () => stopping.abort());
process.stderr.on('error', () => stopping.abort());

process.on('uncaughtException', (error) => {
  bug ??= error;
  stopping.abort();
});

process.exit(await run(process.argv.slice(2)));

async function run(args: readonly string[]): Promise<number> {
  let options: StartArguments;
  try {
    options = startArguments(args);
  } catch (error) {
    console.error(`${toError(error).message}\n\n${START_USAGE}`);
    return EXIT_USAGE;
  }
  if (options.isHelp) {
    console.log(START_USAGE);
    return 0;
  }
  const screen = new Screen(options.isJson ? process.stderr : process.stdout);
  try {
    return await runStack(options, screen);
  } catch (error) {
    if (stopping.signal.aborted && bug === undefined) return 0;
    screen.line(screen.style('red', describeError(bug ?? error)));
    return EXIT_FAILED;
  }
}

async function runStack(options: StartArguments, screen: Screen): Promise<number> {
  const stateDir = resolve(process.env['FOREBAY_STATE_DIR'] || DEFAULT_STATE_DIR);
  const stack = await startStack({
    stateDir,
    ports: portsFromEnv(process.env),
    pipelinePath: options.pipelinePath ?? process.env['FOREBAY_PIPELINE'],
    kafka: 'find',
    isFresh: options.isFresh,
    onEvent: (event) => screen.event(event),
    signal: stopping.signal,
  });
  if (options.isJson) process.stdout.write(`${JSON.stringify(readyLine(stack))}\n`);
  else for (const line of readyBlock(stack, new Date())) screen.line(line);
  const shown = showLiveResults(stack, screen, stopping.signal);
  const sent = options.hasDemo ? demo(stack, {stateDir, screen}) : Promise.resolve();
  const failure = await Promise.race([stack.failed, aborted(stopping.signal)]);
  stopping.abort();
  await Promise.all([shown, sent]);
  const problem = failure ?? bug;
  if (problem !== undefined) screen.line(screen.style('red', describeError(problem)));
  screen.line('stopping');
  await stack.stop();
  screen.line('stopped');
  return problem === undefined ? 0 : EXIT_FAILED;
}

function readyLine({urls, key, adminKey}: RunningStack): object {
  const {gateway, query, console, drain, kafka} = urls;
  return {ready: true, gateway, query, console, drain, kafka, key, adminKey};
}

/** Its end, good or bad, is no reason to stop the stack. */
async function demo(
  stack: RunningStack,
  {stateDir, screen}: {readonly stateDir: string; readonly screen: Screen},
): Promise<void> {
  const input = demoFor(stack.pipeline);
  if (input === undefined)
    return screen.line('this pipeline takes none of the demo’s input; nothing is sent');
  screen.line('sending real weather readings and GitHub webhook deliveries');
  try {
    await sendDemo({
      gatewayUrl: stack.urls.gateway,
      key: input.hasWeather ? stack.key : undefined,
      githubSecret:
        input.githubSecret === undefined ? undefined : stack.secrets[input.githubSecret],
      position: new DemoPosition(stateDir),
      onLine: (line) => screen.line(line),
      signal: stopping.signal,
    });
  } catch (error) {
    screen.line(screen.style('red', `the demo has ended: ${describeError(error)}`));
  }
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolveAborted) => {
    if (signal.aborted) resolveAborted(undefined);
    signal.addEventListener('abort', () => resolveAborted(undefined), {once: true});
  });
}

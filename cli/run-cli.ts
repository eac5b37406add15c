import {parseArgs} from 'node:util';
import {ForebayError, toError} from '../src/lib/errors.ts';
import {printable} from '../src/lib/printable.ts';
import {CliError, usageError} from './cli-error.ts';
import {helpOf, overview} from './help.ts';
import {cliSettings} from './settings.ts';
import type {Verb, VerbCall, VerbResult} from './verb.ts';

export interface CliRun {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Results. */
  readonly print: (line: string) => void;
  /** Everything else. */
  readonly complain: (line: string) => void;
}

/** The exit code: 0 done, 1 failed, 2 called wrongly. Never throws. */
export async function runCli(verbs: readonly Verb[], run: CliRun): Promise<number> {
  const [name, ...args] = run.args;
  const isJson = args.includes('--json');
  try {
    if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
      for (const line of overview(verbs)) run.print(line);
      return name === undefined ? 2 : 0;
    }
    const verb = verbs.find((known) => known.name === name);
    if (verb === undefined)
      throw new CliError(`there is no verb "${name}"`, {next: 'forebay help', exitCode: 2});
    return await runVerb(verb, args, run);
  } catch (error) {
    complain(run, error, isJson);
    return error instanceof CliError ? error.exitCode : 1;
  }
}

async function runVerb(verb: Verb, args: readonly string[], run: CliRun): Promise<number> {
  const {positionals, options} = parse(verb, args);
  if (options['help'] === true) {
    for (const line of helpOf(verb)) run.print(line);
    return 0;
  }
  const settings = await cliSettings(run.env);
  const result = await verb.run({positionals, options, settings});
  printResult(run, result, options['json'] === true);
  return result.isFailure === true ? 1 : 0;
}

function parse(verb: Verb, args: readonly string[]): Omit<VerbCall, 'settings'> {
  const options = {
    ...Object.fromEntries(
      Object.entries(verb.options).map(([name, {type, multiple}]) => [
        name,
        {type, multiple: multiple ?? false},
      ]),
    ),
    help: {type: 'boolean', short: 'h'},
    json: {type: 'boolean'},
  } as const;
  try {
    const {positionals, values} = parseArgs({args: [...args], options, allowPositionals: true});
    return {positionals, options: values};
  } catch (error) {
    throw usageError(verb.name, toError(error).message);
  }
}

function printResult({print}: CliRun, {lines, json}: VerbResult, isJson: boolean): void {
  if (isJson) print(JSON.stringify(json));
  else for (const line of lines) print(printable(line));
}

function complain(run: CliRun, thrown: unknown, isJson: boolean): void {
  const {message} = toError(thrown);
  const next =
    thrown instanceof CliError
      ? thrown.next
      : thrown instanceof ForebayError
        ? (thrown.hint ?? '')
        : '';
  if (isJson) run.complain(JSON.stringify({error: message, next}));
  else {
    run.complain(printable(`forebay: ${message}`));
    if (next !== '') run.complain(printable(`  next: ${next}`));
  }
}

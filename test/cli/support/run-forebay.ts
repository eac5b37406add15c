import {runCli} from '../../../cli/run-cli.ts';
import {verbs} from '../../../cli/verbs.ts';

export interface CliResult {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** `forebay …` in this process. */
export async function runForebay(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<CliResult> {
  const out: string[] = [];
  const err: string[] = [];
  const code = await runCli(verbs, {
    args,
    env,
    print: (line) => out.push(line),
    complain: (line) => err.push(line),
  });
  return {code, out: out.join('\n'), err: err.join('\n')};
}

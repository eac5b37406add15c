/** Why a command did not do what it was asked; `next` is the command or the variable that helps. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly next: string;
  /** 2: it was called wrongly. 1: it failed. */
  readonly exitCode: 1 | 2;

  constructor(message: string, options: {readonly next: string; readonly exitCode?: 1 | 2}) {
    super(message);
    this.next = options.next;
    this.exitCode = options.exitCode ?? 1;
  }
}

export function usageError(verb: string, message: string): CliError {
  return new CliError(message, {next: `forebay ${verb} --help`, exitCode: 2});
}

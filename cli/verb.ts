import type {CliSettings} from './settings.ts';

export interface VerbOption {
  /** `boolean`: a flag. */
  readonly type: 'string' | 'boolean';
  readonly multiple?: boolean;
  /** What stands for the value in the help. */
  readonly value?: string;
  readonly description: string;
}

/** What one call of a verb was given. */
export interface VerbCall {
  readonly positionals: readonly string[];
  readonly options: Readonly<Record<string, string | boolean | readonly string[] | undefined>>;
  readonly settings: CliSettings;
}

/** What a verb has to say: lines for a person, one JSON value for a program. */
export interface VerbResult {
  readonly lines: readonly string[];
  readonly json: unknown;
  /** The exit code is 1: it ran, and what it was asked for is not so. */
  readonly isFailure?: boolean;
}

/** A word after `forebay`. */
export interface Verb {
  readonly name: string;
  /** One sentence. */
  readonly summary: string;
  /** After the verb's name; one line for each way to call it. */
  readonly usage: readonly string[];
  readonly options: Readonly<Record<string, VerbOption>>;
  readonly run: (call: VerbCall) => Promise<VerbResult>;
}

import {usageError} from './cli-error.ts';
import type {VerbCall} from './verb.ts';

/** The stream a call names, and nothing else. @throws CliError */
export function oneStream(verb: string, {positionals}: Pick<VerbCall, 'positionals'>): string {
  const [stream, ...more] = positionals;
  if (stream === undefined || more.length > 0) throw usageError(verb, 'name one stream');
  return stream;
}

/**
 * Configuration as one described table: parsed once at start, all problems reported at once, refusing to start.
 */
import {ForebayError, toError} from './errors.ts';

export interface Option<T> {
  /** The environment variable. */
  readonly env: string;
  readonly description: string;
  readonly parse: (text: string) => T;
  /** Without it the variable is required. */
  readonly default?: T;
}

export type ConfigTable = Readonly<Record<string, Option<unknown>>>;

export type ConfigValues<Table> = {
  readonly [Name in keyof Table]: Table[Name] extends Option<infer T> ? T : never;
};

/** @throws ForebayError `CONFIG_INVALID` that lists every missing or malformed variable. */
export function readConfig<Table extends ConfigTable>(
  table: Table,
  env: Readonly<Record<string, string | undefined>>,
): ConfigValues<Table> {
  const problems: string[] = [];
  const values = Object.entries(table).map(([name, option]) => {
    const text = env[option.env];
    try {
      if (text !== undefined && text !== '') return [name, option.parse(text)];
      if ('default' in option) return [name, option.default];
      problems.push(`${option.env} is not set: ${option.description}`);
    } catch (error) {
      problems.push(`${option.env}=${text}: ${toError(error).message} (${option.description})`);
    }
    return [name, undefined];
  });
  if (problems.length > 0) {
    throw new ForebayError({
      code: 'CONFIG_INVALID',
      message: problems.join('; '),
      hint: 'set the variables named and start again',
    });
  }
  return Object.fromEntries(values) as ConfigValues<Table>;
}

export const text = (value: string): string => value;

export function wholeNumber(low: number, high: number): (value: string) => number {
  return (value) => {
    const number = Number(value);
    if (Number.isSafeInteger(number) && number >= low && number <= high) return number;
    throw new Error(`must be a whole number from ${low} to ${high}`);
  };
}

export const port = wholeNumber(0, 65_535);

export function httpUrl(value: string): string {
  const url = new URL(value);
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new Error('must be an http(s) URL');
  return value.replace(/\/+$/, '');
}

import type {Clock} from '../lib/clock.ts';

/** `info`: something changed. `warn`: it went wrong and is being handled. `error`: someone should look. */
export type LogLevel = 'info' | 'warn' | 'error';
export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** A sentence and its fields. Normal operation logs nothing per record. */
export interface Log {
  info(sentence: string, fields?: LogFields): void;
  warn(sentence: string, fields?: LogFields): void;
  error(sentence: string, fields?: LogFields): void;
}

/** One JSON object a line: `time`, `level`, `program`, `message`, then the fields. */
export function jsonLog(program: string, clock: Clock, write: (line: string) => void): Log {
  const at =
    (level: LogLevel) =>
    (message: string, fields: LogFields = {}) =>
      write(
        JSON.stringify({
          time: new Date(clock.nowMs()).toISOString(),
          level,
          program,
          message,
          ...fields,
        }),
      );
  return {info: at('info'), warn: at('warn'), error: at('error')};
}

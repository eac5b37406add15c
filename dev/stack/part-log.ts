import {closeSync, mkdirSync, openSync, renameSync, fstatSync, writeSync} from 'node:fs';
import {dirname} from 'node:path';
import * as z from 'zod';

/** Bytes. One older file is kept beside the current one, so a part's logs never take more than twice this. */
export const MAX_LOG_BYTES = 10_000_000;
const KEPT_LINES = 8;

export interface ShownLine {
  readonly level: 'warn' | 'error';
  readonly text: string;
}

/** What a part writes: all of it into a file of bounded size, and what someone should see to `onShown`. */
export class PartLog {
  readonly #path: string;
  readonly #onShown: (line: ShownLine) => void;
  readonly #maxBytes: number;
  readonly #lastLines: string[] = [];
  #file: number;
  #bytes: number;

  constructor(options: {
    readonly path: string;
    readonly onShown: (line: ShownLine) => void;
    readonly maxBytes?: number;
  }) {
    this.#path = options.path;
    this.#onShown = options.onShown;
    this.#maxBytes = options.maxBytes ?? MAX_LOG_BYTES;
    mkdirSync(dirname(this.#path), {recursive: true});
    this.#file = openSync(this.#path, 'a');
    this.#bytes = fstatSync(this.#file).size;
  }

  /** The end of what was written, to say why a part ended. */
  get lastLines(): readonly string[] {
    return this.#lastLines;
  }

  write(line: string): void {
    const bytes = Buffer.from(`${line}\n`);
    if (this.#bytes + bytes.byteLength > this.#maxBytes) this.#rotate();
    writeSync(this.#file, bytes);
    this.#bytes += bytes.byteLength;
    const shown = shownLine(line);
    if (this.#lastLines.push(shown?.text ?? line) > KEPT_LINES) this.#lastLines.shift();
    if (shown !== undefined) this.#onShown(shown);
  }

  close(): void {
    closeSync(this.#file);
  }

  #rotate(): void {
    closeSync(this.#file);
    renameSync(this.#path, `${this.#path}.1`);
    this.#file = openSync(this.#path, 'a');
    this.#bytes = 0;
  }
}

const LogLine = z.looseObject({
  level: z.enum(['info', 'warn', 'error']),
  message: z.string(),
});

/** A JSON log line of a warning or an error as one short line for people; anything else stays in the file. */
export function shownLine(line: string): ShownLine | undefined {
  if (!line.startsWith('{')) return undefined;
  const parsed = LogLine.safeParse(jsonOrUndefined(line));
  if (!parsed.success || parsed.data.level === 'info') return undefined;
  const {level, message, time: _time, program: _program, ...fields} = parsed.data;
  const details = Object.entries(fields).map(([name, value]) => `${name}=${String(value)}`);
  return {level, text: details.length === 0 ? message : `${message} (${details.join(', ')})`};
}

function jsonOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

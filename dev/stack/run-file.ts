import {renameSync, rmSync, writeFileSync} from 'node:fs';
import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import * as z from 'zod';
import type {PartName} from './part.ts';

const RunDocument = z.partialRecord(
  z.enum(['gateway', 'drain', 'processor', 'console', 'kafka']),
  z.object({pid: z.int().optional(), url: z.string()}),
);
export type RunDocument = z.infer<typeof RunDocument>;

/** `<state dir>/run.json`: which process does the work of each part, and where. Replaced whole, so a reader never sees half. */
export class RunFile {
  readonly #path: string;
  #document: RunDocument = {};

  constructor(stateDir: string) {
    this.#path = runFilePath(stateDir);
  }

  set(part: PartName, entry: {readonly pid?: number | undefined; readonly url: string}): void {
    const {pid, url} = entry;
    this.#document = {...this.#document, [part]: pid === undefined ? {url} : {pid, url}};
    const next = `${this.#path}.next`;
    writeFileSync(next, `${JSON.stringify(this.#document)}\n`);
    renameSync(next, this.#path);
  }

  remove(): void {
    this.#document = {};
    rmSync(this.#path, {force: true});
  }
}

/** What an earlier run left; empty when there is none or it cannot be read. */
export async function readRunFile(stateDir: string): Promise<RunDocument> {
  try {
    return RunDocument.parse(JSON.parse(await readFile(runFilePath(stateDir), 'utf8')));
  } catch {
    return {};
  }
}

function runFilePath(stateDir: string): string {
  return join(stateDir, 'run.json');
}

import {renameSync, rmSync, writeFileSync} from 'node:fs';
import {runFilePath} from '../../src/program/local-run.ts';
import type {RunDocument} from '../../src/program/local-run.ts';
import type {PartName} from './part.ts';

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

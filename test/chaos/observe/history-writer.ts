import {closeSync, openSync, writeSync} from 'node:fs';
import type {HistoryEntry} from '../history/entry.ts';

/** Held back before they are written; all the memory a history takes. */
const MAX_HELD_CHARS = 262_144;

/** An entry before it has its time. */
export type NewEntry = WithoutAt<HistoryEntry>;
type WithoutAt<Entry> = Entry extends HistoryEntry ? Omit<Entry, 'at'> : never;

/**
 * Appends a history to a file, one JSON object a line. Writes are synchronous and seldom, so that entries stand in the
 * order in which they happened and nothing piles up; a run that is killed loses the last of them and nothing of the system.
 */
export class HistoryWriter {
  readonly path: string;
  readonly #file: number;
  readonly #startMs = performance.now();
  #held: string[] = [];
  #heldChars = 0;
  #isClosed = false;

  constructor(path: string) {
    this.path = path;
    this.#file = openSync(path, 'w');
  }

  /** Milliseconds since the run began. */
  nowMs(): number {
    return Math.round(performance.now() - this.#startMs);
  }

  add(entry: NewEntry): void {
    if (this.#isClosed) return;
    const line = `${JSON.stringify({at: this.nowMs(), ...entry})}\n`;
    this.#held.push(line);
    this.#heldChars += line.length;
    if (this.#heldChars >= MAX_HELD_CHARS) this.#flush();
  }

  note(text: string): void {
    this.add({type: 'note', text});
  }

  close(): void {
    if (this.#isClosed) return;
    this.#flush();
    this.#isClosed = true;
    closeSync(this.#file);
  }

  #flush(): void {
    writeSync(this.#file, this.#held.join(''));
    this.#held = [];
    this.#heldChars = 0;
  }
}

import {styleText} from 'node:util';
import type {StackEvent} from '../stack/part.ts';

type Style = Parameters<typeof styleText>[0];

/**
 * What people see of a start: lines that stay, and below them, on a terminal, a block that is drawn over and over.
 * Without a terminal the block is left to the caller, who prints plain lines less often.
 */
export class Screen {
  readonly #output: NodeJS.WriteStream;
  #block: readonly string[] = [];

  constructor(output: NodeJS.WriteStream) {
    this.#output = output;
  }

  get isTerminal(): boolean {
    return this.#output.isTTY;
  }

  line(text: string): void {
    this.#output.write(`${this.#erased()}${text}\n${this.#drawn()}`);
  }

  /** Replaces the block. */
  draw(block: readonly string[]): void {
    const erase = this.#erased();
    // Some terminals do not tell their size.
    const [columns, rows] = [this.#output.columns || 80, this.#output.rows || 24];
    // A line that wraps would be two to erase, and what has scrolled away cannot be erased.
    this.#block = block.slice(0, rows - 1).map((text) => text.slice(0, columns - 1));
    this.#output.write(`${erase}${this.#drawn()}`);
  }

  event(event: StackEvent): void {
    this.line(this.#eventLine(event));
  }

  /** Honours NO_COLOR, and leaves colours out where the output is no terminal. */
  style(style: Style, text: string): string {
    return styleText(style, text, {stream: this.#output, validateStream: true});
  }

  // oxlint-disable-next-line consistent-return -- the switch is exhaustive
  #eventLine(event: StackEvent): string {
    switch (event.kind) {
      case 'progress':
        return this.style('dim', `  ${event.text}`);
      case 'started':
        return `  ${event.part} is ready on ${event.url}`;
      case 'crashed':
        return this.style('red', `! ${event.part} ${event.how}; it is started again`);
      case 'restarted':
        return this.style('green', `  ${event.part} is back after ${event.downMs} ms`);
      case 'log':
        return this.style(
          event.level === 'error' ? 'red' : 'yellow',
          `  ${event.part} ${event.level}: ${event.text}`,
        );
    }
  }

  #erased(): string {
    return this.#block.length === 0 ? '' : `\u001B[${this.#block.length}A\u001B[0J`;
  }

  #drawn(): string {
    return this.#block.map((text) => `${text}\n`).join('');
  }
}

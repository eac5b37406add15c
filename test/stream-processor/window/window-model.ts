import type {WindowView} from '../../../src/define/view.ts';
import {compareKeys} from '../../../stream-processor/engine/compare-keys.ts';

export interface ModelEvent {
  readonly key: string;
  readonly timeMs: number;
  readonly value: number;
}

interface ModelRow {
  readonly key: string;
  readonly start: number;
  readonly end: number;
  readonly events: ModelEvent[];
}

/** Every window of a view by itself, with Kafka Streams' rules as they are written down; nothing is shared or merged. */
export class WindowModel {
  readonly rows = new Map<string, ModelRow>();
  /** By event, for how many windows it was late. */
  readonly late: number[] = [];
  readonly #view: WindowView;
  #timeMs = Number.NEGATIVE_INFINITY;

  constructor(view: WindowView) {
    this.#view = view;
  }

  advance(timeMs: number): void {
    this.#timeMs = Math.max(this.#timeMs, timeMs);
  }

  take(event: ModelEvent): void {
    this.advance(event.timeMs);
    const {sizeMs, advanceMs, graceMs} = this.#view;
    let late = 0;
    let start = Math.floor(Math.max(0, event.timeMs - sizeMs + advanceMs) / advanceMs) * advanceMs;
    for (; start <= event.timeMs; start += advanceMs) {
      const end = start + sizeMs;
      if (end <= this.#timeMs - graceMs) {
        late++;
        continue;
      }
      const id = `${end}/${event.key}`;
      const row = this.rows.get(id) ?? {key: event.key, start, end, events: []};
      row.events.push(event);
      this.rows.set(id, row);
    }
    this.late.push(late);
  }

  isClosed({end}: {readonly end: number}): boolean {
    return end <= this.#timeMs - this.#view.graceMs;
  }

  /** What results must be, in their order. */
  closed(): readonly object[] {
    return [...this.rows.values()]
      .filter((row) => this.isClosed(row))
      .sort((a, b) => a.end - b.end || compareKeys(a.key, b.key))
      .map((row) => toRow(row, true));
  }

  /** All rows but those that were emitted, by start and key. */
  open(emitted: ReadonlySet<string>): readonly object[] {
    return [...this.rows]
      .filter(([id]) => !emitted.has(id))
      .map(([, row]) => row)
      .sort((a, b) => a.start - b.start || compareKeys(a.key, b.key))
      .map((row) => toRow(row, false));
  }
}

function toRow({key, start, end, events}: ModelRow, isFinal: boolean): object {
  const values = events.map(({value}) => value).sort((a, b) => a - b);
  return {
    key,
    start,
    end,
    id: '',
    isFinal,
    values: {
      events: values.length,
      total: values.reduce((sum, value) => sum + value, 0),
      largest: values.at(-1),
      all: values.join(' '),
    },
  };
}

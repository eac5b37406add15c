import type {PartialView, Repartition} from '../../../../src/define/topology.ts';
import type {OutgoingRecord} from '../../../../src/kafka/ports.ts';
import {readRepartition} from '../../../../stream-processor/repartition/read-repartition.ts';
import {WriterTimes} from '../../../../stream-processor/time/writer-times.ts';
import {AggregateColumns} from '../../../../stream-processor/window/aggregate-columns.ts';

interface Committed {
  readonly offset: number;
  readonly times: string;
  readonly panes: ReadonlyMap<string, Uint8Array>;
  readonly lateCount: number;
}

export interface ModelReaderOptions {
  readonly root: Repartition;
  readonly writers: number;
  readonly views: readonly PartialView[];
  /** Of panes of events. */
  readonly paneMs: number;
  readonly log: readonly OutgoingRecord[];
}

/** The downstream task of one partition, without Kafka: it adds up panes, and is late by its root's time. */
export class ModelReader {
  readonly #options: ModelReaderOptions;
  readonly #columns: AggregateColumns;
  #committed: Committed | undefined;
  #times: WriterTimes;
  #panes = new Map<string, Uint8Array>();
  #offset = 0;
  #lateCount = 0;

  constructor(options: ModelReaderOptions) {
    this.#options = options;
    this.#columns = new AggregateColumns(options.views[0]!.aggregates);
    this.#times = new WriterTimes(options.writers);
  }

  get timeMs(): number | null {
    return this.#times.timeMs;
  }

  get lateCount(): number {
    return this.#lateCount;
  }

  read(count: number): void {
    const {log, root} = this.#options;
    for (let left = count; left > 0 && this.#offset < log.length; left--) {
      const record = {...log[this.#offset]!, offset: BigInt(this.#offset++)};
      readRepartition(record, {
        name: root.name,
        times: this.#times,
        listener: {
          advance: () => {},
          event: ({key, timeMs, event}) => {
            if (this.#isLate(timeMs)) this.#lateCount++;
            else if (root.kind === 'partials') this.#merge(key, timeMs, event as Uint8Array);
            else this.#merge(key, timeMs, this.#partialOf(event, timeMs));
          },
        },
      });
    }
  }

  commit(): void {
    this.#committed = {
      offset: this.#offset,
      times: JSON.stringify(this.#times.state()),
      panes: new Map(this.#panes),
      lateCount: this.#lateCount,
    };
  }

  crash(): void {
    const {writers} = this.#options;
    const {offset = 0, times, panes, lateCount = 0} = this.#committed ?? {};
    const state = times === undefined ? undefined : JSON.parse(times);
    this.#times = new WriterTimes(writers, state);
    this.#offset = offset;
    this.#panes = new Map(panes);
    this.#lateCount = lateCount;
  }

  /** By key and start of the pane. */
  values(): Readonly<Record<string, unknown>> {
    return Object.fromEntries(
      [...this.#panes].map(([at, bytes]) => [
        at,
        this.#columns.values(this.#columns.decode(bytes), 0),
      ]),
    );
  }

  #isLate(timeMs: number): boolean {
    const now = this.#times.timeMs;
    if (now === null) return false;
    return this.#options.views.every(
      (view) =>
        view.kind !== 'running' &&
        Math.floor(timeMs / view.advanceMs) * view.advanceMs + view.sizeMs <= now - view.graceMs,
    );
  }

  #partialOf(event: unknown, timeMs: number): Uint8Array {
    const states = this.#columns.create();
    this.#columns.add(states, 0, event, timeMs);
    return this.#columns.encode(states);
  }

  #merge(key: string, timeMs: number, partial: Uint8Array): void {
    const {paneMs} = this.#options;
    const at = `${key} ${paneMs === 0 ? 0 : Math.floor(timeMs / paneMs) * paneMs}`;
    const states = this.#columns.create();
    const before = this.#panes.get(at);
    if (before !== undefined) this.#columns.merge(states, 0, this.#columns.decode(before), 0);
    this.#columns.merge(states, 0, this.#columns.decode(partial), 0);
    this.#panes.set(at, this.#columns.encode(states));
  }
}

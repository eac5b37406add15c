import type {HistoryEntry} from '../../chaos/history/entry.ts';
import {randomOf} from '../../../dev/random-of.ts';
import {Scheduler} from './scheduler.ts';

type Untimed<Entry> = Entry extends HistoryEntry ? Omit<Entry, 'at'> : never;

/** One run: its time, its chance, its history. */
export class World {
  readonly scheduler: Scheduler;
  readonly random: () => number;
  readonly history: HistoryEntry[] = [];
  /** Network and disk take so many times as long. */
  slowness = 1;
  #ids = 0;

  constructor(seed: number, turn: () => Promise<void>) {
    this.scheduler = new Scheduler(turn);
    this.random = randomOf(seed);
  }

  tell(entry: Untimed<HistoryEntry>): void {
    this.history.push({...entry, at: this.scheduler.nowMs});
  }

  chance(probability: number): boolean {
    return probability > 0 && this.random() < probability;
  }

  between(low: number, high: number): number {
    return low + this.random() * (high - low);
  }

  /** Mostly short, now and then long. */
  latencyMs(): number {
    const usual = this.between(0.2, 4);
    return (this.random() < 0.03 ? usual * 20 : usual) * this.slowness;
  }

  /** A UUID's form, as some check it. */
  newId(): string {
    const digits = Math.floor(this.random() * 2 ** 32)
      .toString(16)
      .padStart(8, '0');
    return `${digits}-0000-4000-8000-${(this.#ids++).toString(16).padStart(12, '0')}`;
  }
}

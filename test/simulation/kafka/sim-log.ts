/** One partition as its leader has it: records of open, committed and aborted transactions, and markers between them. */
import type {IncomingRecord, OutgoingRecord} from '../../../src/kafka/ports.ts';

interface Entry {
  readonly offset: bigint;
  /** Whose transaction; null is a marker. */
  readonly producer: string | null;
  readonly record: OutgoingRecord | null;
  state: 'open' | 'committed' | 'aborted';
}

export class SimLog {
  readonly topic: string;
  readonly partition: number;
  /** A deposed leader that does not know it yet: readers see the log up to here. */
  staleEnd: bigint | null = null;
  readonly onStable = new Set<() => void>();
  #entries: Entry[] = [];
  #end = 0n;
  /** First offset of each producer's open transaction. */
  readonly #open = new Map<string, bigint>();

  constructor(topic: string, partition: number) {
    this.topic = topic;
    this.partition = partition;
  }

  /** Everything below it is decided. */
  get stableEnd(): bigint {
    let end = this.#end;
    for (const first of this.#open.values()) if (first < end) end = first;
    return end;
  }

  append(producer: string, records: readonly OutgoingRecord[]): void {
    if (!this.#open.has(producer)) this.#open.set(producer, this.#end);
    for (const record of records)
      this.#entries.push({offset: this.#end++, producer, record, state: 'open'});
  }

  mark(producer: string, isCommitted: boolean): void {
    const first = this.#open.get(producer);
    if (first === undefined) return;
    this.#open.delete(producer);
    for (let at = this.#entries.length - 1; at >= 0; at--) {
      const entry = this.#entries[at]!;
      if (entry.offset < first) break;
      if (entry.producer === producer && entry.state === 'open')
        entry.state = isCommitted ? 'committed' : 'aborted';
    }
    this.#entries.push({offset: this.#end++, producer: null, record: null, state: 'committed'});
    for (const act of this.onStable) act();
  }

  /** What a read_committed reader gets from an offset on. */
  read(
    from: bigint,
    maxRecords: number,
  ): {records: IncomingRecord[]; nextOffset: bigint; lastStableOffset: bigint} {
    const stable = this.stableEnd;
    const end = this.staleEnd !== null && this.staleEnd < stable ? this.staleEnd : stable;
    const records: IncomingRecord[] = [];
    for (let at = this.#indexOf(from); at < this.#entries.length; at++) {
      const {offset, record, state} = this.#entries[at]!;
      if (offset >= end) break;
      if (record === null || state !== 'committed') continue;
      if (records.length >= maxRecords) return {records, nextOffset: offset, lastStableOffset: end};
      const {key, value, headers, timestampMs} = record;
      records.push({offset, key, value, headers, timestampMs});
    }
    return {records, nextOffset: end > from ? end : from, lastStableOffset: end};
  }

  /** Keeps the last committed record of every key; what is not decided stays. */
  compact(): void {
    const stable = this.stableEnd;
    const last = new Map<string, bigint>();
    const isSettled = ({offset, state, record}: Entry) =>
      offset < stable && state === 'committed' && record !== null;
    for (const entry of this.#entries) if (isSettled(entry)) last.set(keyOf(entry), entry.offset);
    this.#entries = this.#entries.filter(
      (entry) =>
        entry.offset >= stable || (isSettled(entry) && last.get(keyOf(entry)) === entry.offset),
    );
  }

  #indexOf(offset: bigint): number {
    let low = 0;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#entries[middle]!.offset < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function keyOf({record}: Entry): string {
  return Buffer.from(record?.key ?? []).toString('latin1');
}

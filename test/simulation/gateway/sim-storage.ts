/**
 * A Durable Object's storage on SQLite in memory. What a transaction wrote is seen at once and durable a little later;
 * a crash takes back to what was durable, or to any transaction after it, for a disk may have more than it has said.
 */
import {DatabaseSync, type SQLInputValue, type StatementSync} from 'node:sqlite';
import type {World} from '../engine/world.ts';

interface Write {
  readonly query: string;
  readonly bindings: readonly SQLInputValue[];
}

interface Waiter {
  readonly mark: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

export class SimStorage {
  alarmMs: number | null = null;
  /** So many transactions will throw, and syncs reject. */
  failTransactions = 0;
  failSyncs = 0;
  readonly sql = {
    exec: (query: string, ...bindings: unknown[]) => this.#exec(query, bindings),
    databaseSize: 4_096,
  };
  /** Told when a sync failed; the platform resets the object a little later. */
  onBroken: () => void = () => {};
  readonly #world: World;
  readonly #database = new DatabaseSync(':memory:');
  readonly #prepared = new Map<string, StatementSync>();
  /** Transactions since SQLite's own commit, each a list of writes. */
  #units: Write[][] = [];
  /** Of `#units`, and of all there ever were. */
  #durableUnits = 0;
  #totalUnits = 0;
  #totalDurable = 0;
  #open: Write[] | null = null;
  #isFlushing = false;
  #waiters: Waiter[] = [];
  #life = 0;
  /** After a failed sync nothing reaches the disk any more, whatever later syncs say. */
  #isBroken = false;

  constructor(world: World) {
    this.#world = world;
    this.#database.exec('PRAGMA journal_mode = OFF; PRAGMA journal_mode = MEMORY; BEGIN');
  }

  transactionSync<T>(act: () => T): T {
    if (this.#open !== null) return act();
    if (this.failTransactions > 0) {
      this.failTransactions -= 1;
      throw new Error('the disk is full, says the simulation');
    }
    this.#perform({query: 'SAVEPOINT unit', bindings: []});
    const unit: Write[] = (this.#open = []);
    try {
      const result = act();
      this.#perform({query: 'RELEASE unit', bindings: []});
      this.#open = null;
      if (unit.length > 0) this.#written(unit);
      return result;
    } catch (error) {
      this.#open = null;
      this.#database.exec('ROLLBACK TO unit; RELEASE unit');
      throw error;
    }
  }

  sync(): Promise<void> {
    if (this.failSyncs > 0) {
      this.failSyncs -= 1;
      this.#isBroken = true;
      this.onBroken();
      return Promise.reject(new Error('the disk failed, says the simulation'));
    }
    return new Promise((resolve, reject) => this.#await({resolve, reject}));
  }

  /** The output gate: what leaves an object waits until what it wrote before is durable. */
  whenDurable(act: () => void): void {
    this.#await({resolve: act, reject: () => {}});
  }

  getAlarm(): Promise<number | null> {
    return Promise.resolve(this.alarmMs);
  }

  get isDurable(): boolean {
    return this.#totalDurable === this.#totalUnits;
  }

  crash(): void {
    this.#life += 1;
    this.#isFlushing = false;
    this.#waiters = [];
    this.#open = null;
    const units = this.#units;
    const durable = this.#durableUnits;
    const most = this.#isBroken ? durable : units.length;
    const kept = Math.floor(this.#world.between(durable, most + 1));
    this.#isBroken = false;
    this.#units = [];
    this.#database.exec('ROLLBACK; BEGIN');
    for (const unit of units.slice(0, kept)) for (const write of unit) this.#perform(write);
    this.#durableUnits = 0;
    this.#totalUnits += kept - units.length;
    this.#totalDurable = this.#totalUnits;
    this.#database.exec('COMMIT; BEGIN');
  }

  close(): void {
    this.#database.close();
  }

  #await({resolve, reject}: Omit<Waiter, 'mark'>): void {
    const mark = this.#totalUnits;
    if (mark <= this.#totalDurable && this.#waiters.length === 0) resolve();
    else this.#waiters.push({mark, resolve, reject});
  }

  #written(unit: Write[]): void {
    this.#units.push(unit);
    this.#totalUnits += 1;
    this.#flush();
  }

  #flush(): void {
    if (this.#isFlushing || this.isDurable) return;
    this.#isFlushing = true;
    const [mark, units, life] = [this.#totalUnits, this.#units.length, this.#life];
    this.#world.scheduler.after(this.#world.latencyMs(), null, () => {
      if (life !== this.#life) return;
      this.#isFlushing = false;
      this.#totalDurable = mark;
      if (!this.#isBroken) this.#durableUnits = units;
      if (this.#durableUnits === this.#units.length) {
        this.#database.exec('COMMIT; BEGIN');
        this.#units = [];
        this.#durableUnits = 0;
      }
      const due = this.#waiters.filter((waiter) => waiter.mark <= mark);
      this.#waiters = this.#waiters.filter((waiter) => waiter.mark > mark);
      for (const {resolve} of due) resolve();
      this.#flush();
    });
  }

  #exec(query: string, given: readonly unknown[]) {
    const bindings = given.map((value) =>
      value instanceof ArrayBuffer ? new Uint8Array(value) : (value as SQLInputValue),
    );
    const write = {query, bindings};
    const rows = this.#perform(write);
    if (!/^\s*SELECT/i.test(query)) {
      // The caller may change its bytes later.
      const kept = {
        query,
        bindings: bindings.map((value) => (value instanceof Uint8Array ? value.slice() : value)),
      };
      if (this.#open === null) this.#written([kept]);
      else this.#open.push(kept);
    }
    return {toArray: () => rows, one: () => rows[0], [Symbol.iterator]: () => rows.values()};
  }

  #perform({query, bindings}: Write): Record<string, unknown>[] {
    if (bindings.length === 0 && query.split(';').length > 2) {
      this.#database.exec(query);
      return [];
    }
    let statement = this.#prepared.get(query);
    if (statement === undefined)
      this.#prepared.set(query, (statement = this.#database.prepare(query)));
    return statement.all(...bindings).map(withBuffers);
  }
}

/** BLOBs are ArrayBuffers there. */
function withBuffers(row: Record<string, unknown>): Record<string, unknown> {
  for (const [name, value] of Object.entries(row))
    if (value instanceof Uint8Array) row[name] = value.slice().buffer;
  return row;
}

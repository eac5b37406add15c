import type {AggregateColumns, States} from './aggregate-columns.ts';

export const FIRST_CAPACITY = 8;
const GROWTH = 1.5;

/** The states of many keys, as columns: a key's slot is its place in the order they came. */
export class StateColumns implements States {
  /** Replaced when it grows: not to be kept. */
  numbers: Float64Array;
  readonly objects: unknown[] = [];
  readonly #columns: AggregateColumns;
  readonly #keys: string[] = [];
  readonly #slots = new Map<string, number>();
  #capacity = FIRST_CAPACITY;

  constructor(columns: AggregateColumns) {
    this.#columns = columns;
    this.numbers = new Float64Array(FIRST_CAPACITY * columns.width);
  }

  get size(): number {
    return this.#keys.length;
  }

  /** Slots there is room for. */
  get capacity(): number {
    return this.#capacity;
  }

  keys(): readonly string[] {
    return this.#keys;
  }

  slotOf(key: string): number | undefined {
    return this.#slots.get(key);
  }

  keyAt(slot: number): string {
    return this.#keys[slot]!;
  }

  /** Makes the slot behind the last as states are before their first event; `push` gives it a key. */
  blank(): number {
    const slot = this.#keys.length;
    if (slot >= this.#capacity) this.#grow();
    this.#columns.clear(this, slot);
    return slot;
  }

  push(key: string): void {
    this.#slots.set(key, this.#keys.length);
    this.#keys.push(key);
  }

  /** Puts the states of one key over what the slot has. */
  set(slot: number, states: States): void {
    const {width, objectCount} = this.#columns;
    this.numbers.set(states.numbers, slot * width);
    for (let i = 0; i < objectCount; i++) this.objects[slot * objectCount + i] = states.objects[i];
  }

  /** Keeps the first slots only. */
  truncate(size: number): void {
    for (let slot = this.#keys.length - 1; slot >= size; slot--) {
      this.#slots.delete(this.#keys.pop()!);
    }
    this.objects.length = size * this.#columns.objectCount;
  }

  /** Takes a key out. The last slot moves into its place. */
  remove(slot: number): void {
    const {width, objectCount} = this.#columns;
    const last = this.#keys.length - 1;
    if (slot !== last) {
      const lastKey = this.#keys[last]!;
      this.#slots.delete(this.#keys[slot]!);
      this.#keys[slot] = lastKey;
      this.numbers.copyWithin(slot * width, last * width, (last + 1) * width);
      for (let i = 0; i < objectCount; i++) {
        this.objects[slot * objectCount + i] = this.objects[last * objectCount + i];
      }
      this.#keys.pop();
      this.#slots.set(lastKey, slot);
      this.objects.length = last * objectCount;
    } else this.truncate(last);
  }

  #grow(): void {
    this.#capacity = Math.ceil(this.#capacity * GROWTH);
    const numbers = new Float64Array(this.#capacity * this.#columns.width);
    numbers.set(this.numbers);
    this.numbers = numbers;
  }
}

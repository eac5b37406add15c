import type {
  AggregateState,
  AnyAggregates,
  NumericAggregate,
  ObjectAggregate,
} from '../../src/define/aggregate.ts';
import {assert} from '../../src/lib/assert.ts';
import type {RowValues} from '../engine/operator.ts';

/** The states of one key, or of many side by side: slot `s` has `width` numbers from `s · width`, and as many objects. */
export interface States {
  numbers: Float64Array;
  readonly objects: unknown[];
}

export interface ReadonlyStates {
  readonly numbers: ArrayLike<number>;
  readonly objects: readonly unknown[];
}

/** Where in `bytes` the states of one slot are. */
interface EncodedStates {
  readonly bytes: Buffer;
  readonly from: number;
  readonly to: number;
}

interface Field {
  readonly name: string;
  readonly isNumeric: boolean;
  /** Among the aggregates of its kind. */
  readonly index: number;
}

const DOUBLE_BYTES = 8;
const LENGTH_BYTES = 4;
/** How many events go into a trial state before it is begun anew: it must not grow. */
const TRIAL_EVENTS = 256;
const NO_OBJECTS: readonly Uint8Array[] = [];

/**
 * Where the aggregates of one view keep their states: numbers side by side in `width` doubles, `null` as NaN, and the
 * states that are objects in an array beside them. A (key, pane) of numbers then costs `8 · width` bytes instead of an
 * array of boxed numbers per aggregate.
 *
 *   states := f64* (the numbers, NaN: none) · object*        object := u32 byteLength · bytes
 *
 * All numbers are big-endian.
 */
export class AggregateColumns {
  /** Doubles per slot. */
  readonly width: number;
  /** Objects per slot. */
  readonly objectCount: number;
  readonly #fields: readonly Field[];
  readonly #numeric: readonly NumericAggregate<unknown>[];
  readonly #objects: readonly ObjectAggregate<unknown>[];
  readonly #initial: Float64Array;
  /** One state per numeric aggregate, borrowed during a call: aggregates work on arrays. */
  readonly #scratch: readonly AggregateState[];
  readonly #otherScratch: readonly AggregateState[];
  readonly #trial: unknown[];
  #trialEvents = 0;

  constructor(aggregates: AnyAggregates) {
    const numeric: NumericAggregate<unknown>[] = [];
    const objects: ObjectAggregate<unknown>[] = [];
    this.#fields = Object.entries(aggregates).map(([name, aggregate]) => {
      const isNumeric = aggregate.kind === 'numbers';
      const index = (isNumeric ? numeric.push(aggregate) : objects.push(aggregate)) - 1;
      return {name, isNumeric, index};
    });
    this.#numeric = numeric;
    this.#objects = objects;
    this.#scratch = numeric.map((aggregate) => aggregate.init());
    this.#otherScratch = numeric.map((aggregate) => aggregate.init());
    this.#initial = Float64Array.from(
      this.#scratch.flatMap((state) => state.map((value) => value ?? Number.NaN)),
    );
    this.#trial = objects.map((aggregate) => aggregate.init());
    this.width = this.#initial.length;
    this.objectCount = objects.length;
  }

  /** One slot, as states are before their first event. */
  create(): States {
    return {
      numbers: this.#initial.slice(),
      objects: this.#objects.map((aggregate) => aggregate.init()),
    };
  }

  /** Puts a slot back to what states are before their first event. */
  clear(states: States, slot: number): void {
    states.numbers.set(this.#initial, slot * this.width);
    const from = slot * this.objectCount;
    for (let i = 0; i < this.objectCount; i++) states.objects[from + i] = this.#objects[i]!.init();
  }

  copy({numbers, objects}: States): States {
    return {
      numbers: numbers.slice(),
      objects: this.#objects.map((aggregate, i) => aggregate.copy(objects[i])),
    };
  }

  /** What a slot's object is now, whatever happens to the slot. */
  copyObject(index: number, state: unknown): unknown {
    return this.#objects[index]!.copy(state);
  }

  /** Takes one event into a slot. If an aggregate throws, the slot is as before. */
  add(states: States, slot: number, event: unknown, timeMs: number): void {
    this.#load(this.#scratch, states.numbers, slot * this.width);
    for (let i = 0; i < this.#numeric.length; i++) {
      this.#numeric[i]!.add(this.#scratch[i]!, event, timeMs);
    }
    if (this.objectCount > 0) this.#addObjects(states.objects, slot, event, timeMs);
    this.#store(states.numbers, slot * this.width);
  }

  /** Joins a slot of `other` into one of `into`. */
  merge(into: States, slot: number, other: ReadonlyStates, otherSlot: number): void {
    this.#load(this.#scratch, into.numbers, slot * this.width);
    this.#load(this.#otherScratch, other.numbers, otherSlot * this.width);
    for (let i = 0; i < this.#numeric.length; i++) {
      this.#numeric[i]!.merge(this.#scratch[i]!, this.#otherScratch[i]!);
    }
    this.#store(into.numbers, slot * this.width);
    const to = slot * this.objectCount;
    const from = otherSlot * this.objectCount;
    for (let i = 0; i < this.objectCount; i++) {
      into.objects[to + i] = this.#objects[i]!.merge(into.objects[to + i], other.objects[from + i]);
    }
  }

  /** The row's fields. */
  values(states: ReadonlyStates, slot: number): RowValues {
    this.#load(this.#scratch, states.numbers, slot * this.width);
    const values: {[name: string]: RowValues[string]} = {};
    for (const {name, isNumeric, index} of this.#fields) {
      values[name] = isNumeric
        ? this.#numeric[index]!.result(this.#scratch[index]!)
        : this.#objects[index]!.result(states.objects[slot * this.objectCount + index]);
    }
    return values;
  }

  encode(states: States, slot = 0): Uint8Array {
    const {width} = this;
    const objects = this.objectCount === 0 ? NO_OBJECTS : this.#encodeObjects(states, slot);
    const bytes = Buffer.allocUnsafe(width * DOUBLE_BYTES + lengthOf(objects));
    const from = slot * width;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let i = 0; i < width; i++) view.setFloat64(i * DOUBLE_BYTES, states.numbers[from + i]!);
    let at = width * DOUBLE_BYTES;
    for (const object of objects) {
      at = bytes.writeUInt32BE(object.byteLength, at);
      bytes.set(object, at);
      at += object.byteLength;
    }
    return bytes;
  }

  /** Throws for bytes of another layout, as far as their length tells. */
  decode(value: Uint8Array): States {
    const states: States = {numbers: new Float64Array(this.width), objects: []};
    const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    this.decodeInto(states, 0, {bytes, from: 0, to: bytes.length});
    return states;
  }

  /** As `decode`, over what the slot has: a million of them are read in a restore. */
  decodeInto(states: States, slot: number, {bytes, from, to}: EncodedStates): void {
    const firstNumber = slot * this.width;
    let at = from + this.width * DOUBLE_BYTES;
    assert(to >= at, 'states have all their numbers');
    for (let i = 0; i < this.width; i++) {
      states.numbers[firstNumber + i] = bytes.readDoubleBE(from + i * DOUBLE_BYTES);
    }
    const firstObject = slot * this.objectCount;
    for (let i = 0; i < this.objectCount; i++) {
      assert(to >= at + LENGTH_BYTES, 'states have all their objects');
      const start = at + LENGTH_BYTES;
      at = start + bytes.readUInt32BE(at);
      assert(to >= at, 'an object has all its bytes');
      states.objects[firstObject + i] = this.#objects[i]!.decode(bytes.subarray(start, at));
    }
    assert(at === to, 'states are no longer than their aggregates');
  }

  /**
   * An object's state may be changed in place and an aggregate may throw, though only before it changed anything. So
   * that the first is not changed when the second throws, events are tried on states that nobody reads.
   */
  #addObjects(objects: unknown[], slot: number, event: unknown, timeMs: number): void {
    if (this.objectCount > 1) {
      const isWorn = ++this.#trialEvents % TRIAL_EVENTS === 0;
      for (let i = 0; i < this.objectCount; i++) {
        if (isWorn) this.#trial[i] = this.#objects[i]!.init();
        this.#trial[i] = this.#objects[i]!.add(this.#trial[i], event, timeMs);
      }
    }
    const from = slot * this.objectCount;
    for (let i = 0; i < this.objectCount; i++) {
      objects[from + i] = this.#objects[i]!.add(objects[from + i], event, timeMs);
    }
  }

  #encodeObjects({objects}: States, slot: number): readonly Uint8Array[] {
    const from = slot * this.objectCount;
    return this.#objects.map((aggregate, i) => aggregate.encode(objects[from + i]));
  }

  #load(scratch: readonly AggregateState[], numbers: ArrayLike<number>, at: number): void {
    let from = at;
    for (const state of scratch) {
      for (let i = 0; i < state.length; i++) {
        const value = numbers[from++]!;
        state[i] = Number.isNaN(value) ? null : value;
      }
    }
  }

  #store(numbers: Float64Array, at: number): void {
    let to = at;
    for (const state of this.#scratch) {
      for (let i = 0; i < state.length; i++) numbers[to++] = state[i] ?? Number.NaN;
    }
  }
}

function lengthOf(objects: readonly Uint8Array[]): number {
  let length = 0;
  for (const {byteLength} of objects) length += LENGTH_BYTES + byteLength;
  return length;
}

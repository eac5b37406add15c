import {ForebayError} from '../../src/lib/errors.ts';
import {fromUtf8} from '../../src/lib/bytes.ts';
import type {IncomingRecord} from '../../src/kafka/ports.ts';
import {isRestoreMark} from '../../src/kafka/restore-mark.ts';
import {createEngine, type EngineOptions} from '../engine/create-engine.ts';
import {ofView} from '../engine/of-view.ts';
import type {TaskEngine} from '../engine/task-engine.ts';
import {isFinal} from '../output/result-record.ts';
import {decodeChangelogKey} from '../state/changelog-codec.ts';
import type {Checkpoint} from '../state/checkpoint.ts';
import {decodePosition, type Position} from '../state/position.ts';
import type {StateStore} from '../state/state-store.ts';
import {areSameTables, storeTables} from '../state/store-tables.ts';
import {taskStores} from '../state/task-stores.ts';
import {checkLayouts, viewLayouts} from '../state/view-layouts.ts';
import {ADVANCES_STORE, advanceCodec, Advances} from '../time/advances.ts';

/** The state as of the last commit. */
export interface RestoredState {
  /** Records read from the topics to build it. */
  readonly readBack: number;
  readonly engine: TaskEngine;
  readonly advances: Advances;
  /** The engine's, and the task's own. */
  readonly stores: readonly StateStore[];
  /** Undefined before the first commit. */
  readonly position: Position | undefined;
  readonly checkpoint: Checkpoint;
}

/** Parts of a result record's key. */
interface ResultKey {
  readonly key: string;
  readonly start?: number;
  readonly end?: number;
  readonly id?: string;
}

/**
 * A state being restored: the checkpoint first, then the changelog over it, then results into the final rows. Everything
 * taken is the whole of what it names, so taking it twice, or over something newer that is taken again later, changes nothing.
 */
export class StateBuilder {
  readonly #options: EngineOptions;
  readonly #engine: TaskEngine;
  readonly #advances: Advances;
  readonly #stores: ReadonlyMap<string, StateStore>;
  readonly #checkpoint: Checkpoint;
  #position: Position | undefined;
  /** The first change that a store could not read. */
  #unreadable: {readonly error: unknown} | undefined;
  #readBack = 0;

  constructor(options: EngineOptions, checkpoint: Checkpoint) {
    this.#options = options;
    this.#checkpoint = checkpoint;
    const factory = taskStores(checkpoint.tables);
    this.#engine = createEngine(options, factory);
    const advances = factory.keyed(ADVANCES_STORE, 'memory', advanceCodec);
    this.#advances = new Advances(advances);
    this.#stores = new Map([...this.#engine.stores, advances].map((store) => [store.name, store]));
  }

  get position(): Position | undefined {
    return this.#position;
  }

  get stores(): readonly StateStore[] {
    return [...this.#stores.values()];
  }

  /** Everything of the checkpoint. @throws ForebayError `CHECKPOINT_UNUSABLE` */
  async load(signal: AbortSignal): Promise<void> {
    const {meta} = this.#checkpoint;
    if (meta !== undefined && !areSameTables(meta.stores, storeTables(this.stores))) {
      throw new ForebayError({
        code: 'CHECKPOINT_UNUSABLE',
        message: 'the checkpoint has the states of other views, or has them elsewhere',
        hint: 'it is deleted and built anew from the topics',
      });
    }
    const pause = async () => {
      await new Promise((resolve) => void setImmediate(resolve));
      signal.throwIfAborted();
    };
    for (const store of this.#stores.values()) await store.load(this.#checkpoint.tables, pause);
  }

  takeChange(record: IncomingRecord): void {
    if (isRestoreMark(record)) return;
    this.#readBack++;
    if (record.key === null) return;
    const name = decodeChangelogKey(record.key);
    if (name.kind === 'position') {
      const [root] = this.#options.group.roots;
      if (record.value !== null) this.#position = decodePosition(record.value, root!.name);
      return;
    }
    // A store that the definition has no more: its entries stay in the topic and are nobody's.
    const store = this.#stores.get(name.store);
    try {
      const change = {at: name.at, key: name.key, value: record.value};
      if (store !== undefined) ofView(store.name, () => store.restore(change));
    } catch (error) {
      // Of another definition of the view, as the position record says that is still to come; else it is thrown at the end.
      this.#unreadable ??= {error};
    }
  }

  takeResult(view: string, record: IncomingRecord): void {
    this.#readBack++;
    if (record.key === null) return;
    const {key, start, end, id = ''} = JSON.parse(fromUtf8(record.key)) as ResultKey;
    // Of a running view: never final.
    if (start === undefined || end === undefined) return;
    const {closed} = this.#checkpoint;
    const place = {key, startMs: start, endMs: end, id};
    if (record.value === null) closed.delete(view, place);
    else if (isFinal(record.headers)) closed.put({view, ...place, json: fromUtf8(record.value)});
  }

  /** @throws ForebayError `VIEW_CHANGED` */
  checkLayouts(): void {
    if (this.#position !== undefined)
      checkLayouts(this.#position, viewLayouts(this.#options.group));
    if (this.#unreadable !== undefined) throw this.#unreadable.error;
  }

  finish(): RestoredState {
    const position = this.#position;
    for (const store of this.#stores.values()) store.markCommitted();
    this.#engine.restored({
      rootTime: (root) => position?.roots[root]?.timeMs ?? null,
      memberTime: (name) => position?.members[name]?.timeMs ?? null,
      mark: (view) => position?.members[view]?.mark,
    });
    return {
      readBack: this.#readBack,
      engine: this.#engine,
      advances: this.#advances,
      stores: this.stores,
      position: this.#position,
      checkpoint: this.#checkpoint,
    };
  }
}

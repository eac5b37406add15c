import type {RekeyInput} from '../../src/define/input.ts';
import {
  isWindowView,
  partialRekeyOf,
  type PartialView,
  type Repartition,
} from '../../src/define/topology.ts';
import {assert} from '../../src/lib/assert.ts';
import {ForebayError} from '../../src/lib/errors.ts';
import type {OutgoingRecord} from '../../src/kafka/ports.ts';
import {MAX_VALUE_BYTES} from '../../src/protocol/topics.ts';
import {partitionOf} from '../../src/record/shard.ts';
import {SourceNode, StepNode, type InputNode} from '../engine/input-node.ts';
import {inputStep} from '../engine/input-steps.ts';
import type {LateReason, TimedEvent} from '../engine/operator.ts';
import type {Sink} from '../engine/sink.ts';
import {AggregateColumns} from '../window/aggregate-columns.ts';
import {paneMsOf} from '../window/pane-width.ts';
import {StateColumns} from '../window/state-columns.ts';
import {lastStartOf} from '../window/window-times.ts';
import type {SinkOptions} from './event-sink.ts';
import {newKeyOf} from './new-key.ts';
import {encodePartial, setWriterTime} from './repartition-codec.ts';
import {TimeMarks} from './time-marks.ts';

export interface PartialSinkOptions extends SinkOptions {
  readonly root: Extract<Repartition, {kind: 'partials'}>;
  /** None of the views takes the event of the moment. */
  readonly onLate: (reason: LateReason) => void;
}

/**
 * Windows behind a `rekey` need no events, only what these add up to: between two commits the task keeps one partial
 * aggregate per pane and new key, and sends that.
 *
 * An event that no window of its views takes any more, by this task's time, is late here. What is taken is never late for
 * all of them where it is merged: the least of the writers' times is no later than this writer's, and a partial comes
 * before the time it was sent with.
 */
export class PartialSink implements Sink {
  readonly name: string;
  readonly #options: PartialSinkOptions;
  readonly #rekey: RekeyInput;
  readonly #source = new SourceNode();
  /** The filters and maps between the `rekey` and the views. */
  readonly #node: InputNode;
  readonly #columns: AggregateColumns;
  /** 0 for a running view: all its events are in one pane. */
  readonly #paneMs: number;
  readonly #marks: TimeMarks;
  readonly #panes = new Map<number, StateColumns>();

  constructor(options: PartialSinkOptions) {
    const {root, topic, writer} = options;
    const [view] = root.views as readonly [PartialView, ...PartialView[]];
    this.name = root.name;
    this.#options = options;
    this.#rekey = root.rekey;
    this.#node = nodeBelow(root.rekey, view, this.#source);
    this.#columns = new AggregateColumns(view.aggregates);
    this.#paneMs = view.kind === 'running' ? 0 : paneMsOf(root.views.filter(isWindowView));
    this.#marks = new TimeMarks({topic, partitions: root.partitions, writer});
  }

  take(event: TimedEvent): void {
    const key = newKeyOf(this.#rekey, event.event);
    this.#source.begin(event);
    const timed = this.#node.pull();
    if (timed === undefined) return;
    if (!this.#isTaken(timed.timeMs)) return this.#options.onLate('late');
    this.#add(this.#paneOf(timed.timeMs), key, timed);
  }

  advance(timeMs: number): void {
    this.#marks.advance(timeMs);
  }

  noteEmpty(): void {
    this.#marks.noteEmpty();
  }

  isPending(): boolean {
    return this.#panes.size > 0 || this.#marks.isPending(this.#options.clock.nowMs());
  }

  takeRecords(nowMs: number): readonly OutgoingRecord[] {
    const {topic, root} = this.#options;
    const records: OutgoingRecord[] = [];
    const last = new Map<number, Buffer>();
    for (const [startMs, pane] of this.#panes) {
      for (let slot = 0; slot < pane.size; slot++) {
        const value = this.#encode(startMs, pane, slot);
        const key = Buffer.from(pane.keyAt(slot));
        const partition = partitionOf(key, root.partitions);
        records.push({topic, partition, key, value, headers: [], timestampMs: nowMs});
        last.set(partition, value);
      }
    }
    const {timeMs} = this.#marks;
    const said = new Map<number, number>();
    for (const [partition, value] of last) {
      setWriterTime(value, timeMs);
      said.set(partition, timeMs);
    }
    return [...records, ...this.#marks.take(said, nowMs)];
  }

  markCommitted(): void {
    this.#panes.clear();
    this.#marks.markCommitted();
  }

  #isTaken(eventTimeMs: number): boolean {
    const {timeMs} = this.#marks;
    // Written so that no time yet (NaN) makes nothing late.
    return this.#options.root.views.some(
      (view) =>
        !isWindowView(view) ||
        !(lastStartOf(eventTimeMs, view) + view.sizeMs <= timeMs - view.graceMs),
    );
  }

  #paneOf(timeMs: number): StateColumns {
    const startMs = this.#paneMs === 0 ? 0 : Math.floor(timeMs / this.#paneMs) * this.#paneMs;
    let pane = this.#panes.get(startMs);
    if (pane === undefined) {
      pane = new StateColumns(this.#columns);
      this.#panes.set(startMs, pane);
    }
    return pane;
  }

  /** If an aggregate throws, nothing changed. */
  #add(pane: StateColumns, key: string, {event, timeMs}: TimedEvent): void {
    const known = pane.slotOf(key);
    this.#columns.add(pane, known ?? pane.blank(), event, timeMs);
    if (known === undefined) pane.push(key);
  }

  #encode(startMs: number, pane: StateColumns, slot: number): Buffer {
    const {writer} = this.#options;
    const partial = this.#columns.encode(pane, slot);
    const value = encodePartial({writer, writerTimeMs: Number.NaN}, startMs, partial);
    if (value.length > MAX_VALUE_BYTES) throw tooLarge(this.name, value.length);
    return value;
  }
}

function nodeBelow(rekey: RekeyInput, view: PartialView, source: SourceNode): InputNode {
  assert(
    partialRekeyOf(view) === rekey,
    'only filters and maps are between the rekey and the view',
  );
  const steps = [];
  for (let input = view.input; input !== rekey; input = input.from) {
    assert(input.kind === 'filter' || input.kind === 'map', 'a step between is a filter or a map');
    steps.push(inputStep(input));
  }
  let node: InputNode = source;
  for (const step of steps.toReversed()) node = new StepNode(node, step);
  return node;
}

function tooLarge(name: string, bytes: number): ForebayError {
  return new ForebayError({
    code: 'PARTIAL_TOO_LARGE',
    message: `${name}: a partial aggregate has ${bytes} bytes, a record takes ${MAX_VALUE_BYTES}`,
    hint: 'use aggregates of bounded size',
  });
}

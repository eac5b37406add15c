import {setFlagsFromString} from 'node:v8';
import {runInNewContext} from 'node:vm';
import type {WindowView} from '../../src/define/view.ts';
import {AggregateColumns} from '../../stream-processor/window/aggregate-columns.ts';
import {MemoryPanes} from '../../stream-processor/window/memory-panes.ts';
import pipeline from './pipeline.ts';

const DEVICES = 10_000;
const WINDOWS = 20;
const EVENTS_PER_WINDOW = 2;

/** Heap and buffers per open (key, window), committed, keys included: each event brings its key as a string of its own. */
export function windowBytes(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const usedBytes = () => {
    collect();
    collect();
    const {heapUsed, external} = process.memoryUsage();
    return heapUsed + external;
  };
  const before = usedBytes();
  const [view] = pipeline.views as readonly [WindowView, ...WindowView[]];
  const panes = new MemoryPanes(view.name, new AggregateColumns(view.aggregates));
  for (let round = 0; round < EVENTS_PER_WINDOW; round++) {
    for (let window = 0; window < WINDOWS; window++) {
      for (let device = 0; device < DEVICES; device++) {
        const key = Buffer.from(`dev-${String(device).padStart(5, '0')}`).toString();
        const timeMs = window * view.sizeMs;
        panes.add(timeMs, key, {temperature: device / 4}, timeMs);
      }
    }
    panes.markCommitted();
  }
  return (usedBytes() - before) / panes.size;
}

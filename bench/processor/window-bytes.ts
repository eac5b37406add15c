import {setFlagsFromString} from 'node:v8';
import {runInNewContext} from 'node:vm';
import {WindowEngine} from '../../stream-processor/window/window-engine.ts';
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
  const engine = new WindowEngine(pipeline.views);
  const [view] = engine.views;
  for (let round = 0; round < EVENTS_PER_WINDOW; round++) {
    for (let window = 0; window < WINDOWS; window++) {
      for (let device = 0; device < DEVICES; device++) {
        const key = Buffer.from(`dev-${String(device).padStart(5, '0')}`).toString();
        const timed = {key, timeMs: window * 60_000, event: {temperature: device / 4}};
        view!.add(timed, 0);
      }
    }
    view!.markCommitted();
  }
  const bytes = usedBytes() - before;
  const count = engine.openWindows();
  return bytes / count;
}

import {topologyOf, type Root} from '../../../src/define/topology.ts';
import {ProcessorStatus} from '../../../src/protocol/status.ts';
import {waitUntil} from '../../support/wait-until.ts';
import pipeline from '../pipeline.ts';
import type {System} from '../system/start-system.ts';

const CALL_DEADLINE_MS = 5_000;

/** Every task has an owner that has committed all up to an event time, those behind a repartition topic, too. */
export async function caughtUp(system: System, timeMs: number, deadlineMs: number): Promise<void> {
  const tasks = topologyOf(pipeline).groups.flatMap(({roots}) => roots.flatMap(partitionsOf));
  let behind: readonly string[] = [];
  try {
    await waitUntil('the processor to catch up', deadlineMs, async () => {
      const done = new Set<string>();
      for (const url of system.queryUrls.values()) {
        for (const task of (await processorStatus(url)).tasks) {
          if (task.state === 'running' && (task.watermarkMs ?? 0) >= timeMs)
            done.add(`${task.stream}/${task.partition}`);
        }
      }
      behind = tasks.filter((name) => !done.has(name));
      return behind.length === 0;
    });
  } catch (error) {
    throw new Error(`behind in ${behind.join(', ')}`, {cause: error});
  }
}

function partitionsOf({name, partitions}: Root): readonly string[] {
  return Array.from({length: partitions}, (_, partition) => `${name}/${partition}`);
}

async function processorStatus(url: string): Promise<ProcessorStatus> {
  const response = await fetch(`${url}/status`, {signal: AbortSignal.timeout(CALL_DEADLINE_MS)});
  return ProcessorStatus.parse(await response.json());
}

import {createHash} from 'node:crypto';
import {checkHistory} from '../chaos/check/check-history.ts';
import type {HistoryEntry} from '../chaos/history/entry.ts';
import type {Verdict} from '../chaos/history/verdict.ts';
import {Simulation, type SimulationOptions} from './simulation.ts';

export interface SimulationResult {
  readonly verdict: Verdict;
  readonly history: readonly HistoryEntry[];
  /** Of the whole history: the same for the same schedule, wherever and whenever it runs. */
  readonly digest: string;
  readonly events: number;
}

export async function simulate(options: SimulationOptions): Promise<SimulationResult> {
  const simulation = new Simulation(options);
  await simulation.run();
  const {history, scheduler} = simulation.world;
  const hash = createHash('sha256');
  for (const entry of history) hash.update(`${JSON.stringify(entry)}\n`);
  return {
    verdict: checkHistory(history),
    history,
    digest: hash.digest('hex'),
    events: scheduler.events,
  };
}

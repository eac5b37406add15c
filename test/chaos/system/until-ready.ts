import {readinessOf} from '../../../dev/stack/readiness.ts';
import {waitUntil} from '../../support/wait-until.ts';

/** Five Node programs and three brokers start on the same few cores. */
const READY_DEADLINE_MS = 180_000;

/** Resolves when every program says that it can do its work. */
export async function untilReady(
  programs: readonly {readonly name: string; readonly url: string}[],
  stop: AbortSignal,
): Promise<void> {
  for (const {name, url} of programs) {
    let reason = '';
    await waitUntil(`${name} to be ready`, READY_DEADLINE_MS, async () => {
      if (stop.aborted) return true;
      reason = await readinessOf(url);
      return reason === 'ready';
    }).catch((error: unknown) => {
      throw new Error(`${name} is not ready: ${reason}`, {cause: error});
    });
  }
}

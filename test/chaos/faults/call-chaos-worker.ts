import {setTimeout as delay} from 'node:timers/promises';
import type {ChaosWorker} from './chaos-system.ts';

const TIMEOUT_MS = 5_000;
/** The gateway may be away by another fault. */
const MAX_TRIES = 20;
const RETRY_MS = 500;

export type ChaosCall = {readonly abort: string} | {readonly clockMs: number};

/** Asks the chaos worker for a fault. */
export async function callChaosWorker(
  {url, key}: Pick<ChaosWorker, 'url' | 'key'>,
  call: ChaosCall,
): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      const response = await fetch(`${url}/chaos`, {
        method: 'POST',
        headers: {authorization: `Bearer ${key}`},
        body: JSON.stringify(call),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      if (response.ok) return;
      throw new Error(`the chaos worker answered ${response.status}: ${await response.text()}`);
    } catch (error) {
      if (tries === MAX_TRIES) throw error;
      await delay(RETRY_MS);
    }
  }
}

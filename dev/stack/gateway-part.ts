import {join} from 'node:path';
import {setTimeout as delay} from 'node:timers/promises';
import {ForebayError} from '../../src/lib/errors.ts';
import {bundleGateway} from '../gateway/bundle-gateway.ts';
import {startGateway} from '../gateway/start-gateway.ts';
import type {LocalSecrets} from '../../src/program/local-run.ts';
import {keyEntries} from './dev-secrets.ts';
import {endOf} from './end-process.ts';
import type {PartLog} from './part-log.ts';
import type {PartPlan} from './part.ts';
import {readinessOf} from './readiness.ts';

const READY_DEADLINE_MS = 10_000;
const READY_POLL_MS = 50;

export interface GatewayPartOptions {
  readonly stateDir: string;
  readonly port: number;
  /** Empty: the shipped definition. */
  readonly pipelinePath: string;
  readonly secrets: LocalSecrets;
  readonly log: PartLog;
}

/** The Worker in workerd. It is bundled once; only workerd is started again. */
export async function gatewayPart(options: GatewayPartOptions): Promise<PartPlan> {
  const {stateDir, port, secrets, log} = options;
  const bundleDir = join(stateDir, 'gateway', 'bundle');
  const pipelinePath = options.pipelinePath === '' ? undefined : options.pipelinePath;
  await bundleGateway({pipelinePath, outDir: bundleDir});
  const keysJson = JSON.stringify(await keyEntries(secrets));
  return {
    name: 'gateway',
    start: async ({signal, onPid}) => {
      signal.throwIfAborted();
      const gateway = await startGateway({
        bundleDir,
        port,
        stateDir: join(stateDir, 'gateway', 'objects'),
        keysJson,
        secrets: secrets.webhookSecrets,
        onLine: (line) => log.write(line),
      });
      onPid(gateway.pid);
      const ended = endOf(gateway.child);
      try {
        await configured(gateway.url, signal);
      } catch (error) {
        await gateway.stop();
        throw error;
      }
      return {pid: gateway.pid, url: gateway.url, ended, stop: () => gateway.stop()};
    },
  };
}

/** It answers; now it must also say that nothing it needs is missing. */
async function configured(url: string, signal: AbortSignal): Promise<void> {
  const deadline = Date.now() + READY_DEADLINE_MS;
  for (;;) {
    const reason = await readinessOf(url);
    if (reason === 'ready') return;
    if (Date.now() > deadline) {
      throw new ForebayError({
        code: 'PART_NOT_READY',
        message: `the gateway is not ready: ${reason}`,
      });
    }
    await delay(READY_POLL_MS, undefined, {signal});
  }
}

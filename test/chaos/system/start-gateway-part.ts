import {randomBytes} from 'node:crypto';
import {appendFile, cp} from 'node:fs/promises';
import {join} from 'node:path';
import {bundleGateway} from '../../../dev/gateway/bundle-gateway.ts';
import {startGateway} from '../../../dev/gateway/start-gateway.ts';
import {keyEntries} from '../../../dev/stack/dev-secrets.ts';
import type {LocalSecrets} from '../../../src/program/local-run.ts';
import {lastingPort} from '../../../dev/lasting-port.ts';
import type {PartLog} from '../../../dev/stack/part-log.ts';
import {KeptProcess} from './kept-process.ts';

const PIPELINE = 'test/chaos/pipeline.ts';
const CHAOS_WORKER = 'test/chaos/worker/index.ts';
const SECRET_BYTES = 24;

export interface GatewayPart {
  readonly process: KeptProcess;
  /** Past every proxy. */
  readonly url: string;
  readonly port: number;
  readonly chaosKey: string;
  /** Ends workerd; it comes back on the same storage with the other of two bundles that differ. */
  deployOther(): Promise<void>;
}

export interface GatewayPartOptions {
  readonly stateDir: string;
  /** Where its Durable Objects lie. */
  readonly objectsDir: string;
  readonly secrets: LocalSecrets;
  readonly log: PartLog;
  readonly onEnded: (name: string, how: string) => void;
}

/** Workerd with the worker of the fault runs, which can also abort its Durable Objects and shift its clock. */
export async function startGatewayPart(options: GatewayPartOptions): Promise<GatewayPart> {
  const {stateDir, objectsDir, secrets, log, onEnded} = options;
  const bundles = ['bundle-a', 'bundle-b'].map((name) => join(stateDir, 'gateway', name));
  const [first = '', second = ''] = bundles;
  await bundleGateway({
    pipelinePath: PIPELINE,
    entryPath: CHAOS_WORKER,
    outDir: first,
  });
  await cp(first, second, {recursive: true});
  // Another version of the same program is all that a deployment is to the storage and to the links.
  await appendFile(join(second, 'index.js'), '\nglobalThis.deployed = "b";\n');
  const chaosKey = randomBytes(SECRET_BYTES).toString('hex');
  const keysJson = JSON.stringify(await keyEntries(secrets));
  const port = await lastingPort();
  let bundleDir = first;
  const process = new KeptProcess({
    name: 'gateway',
    part: 'gateway',
    onEnded: (how) => onEnded('gateway', how),
    spawn: async () => {
      const {child} = await startGateway({
        bundleDir,
        port,
        stateDir: objectsDir,
        keysJson,
        secrets: {...secrets.webhookSecrets, CHAOS_KEY: chaosKey},
        onLine: (line) => log.write(line),
      });
      return child;
    },
  });
  await process.start();
  return {
    process,
    port,
    url: `http://127.0.0.1:${port}`,
    chaosKey,
    async deployOther() {
      bundleDir = bundleDir === first ? second : first;
      await process.end('SIGTERM');
      await process.restart();
    },
  };
}

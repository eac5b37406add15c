import {randomBytes} from 'node:crypto';
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {bundleGateway} from '../../dev/gateway/bundle-gateway.ts';
import {startGateway, type RunningGateway} from '../../dev/gateway/start-gateway.ts';
import {hashApiKey, makeApiKey} from '../../src/lib/api-key.ts';
import {freePort} from '../../dev/free-port.ts';

export interface RealGateway {
  readonly url: string;
  /** May write to every stream. */
  readonly ingestKey: string;
  readonly drainKey: string;
  readonly adminKey: string;
  /** kill -9, then the same state again. */
  restart(): Promise<void>;
  end(): Promise<void>;
}

/** The gateway on workerd with a pipeline of the test's, in a directory of its own. */
export async function startRealGateway(pipelinePath: string): Promise<RealGateway> {
  const dir = await mkdtemp(join(tmpdir(), 'forebay-gateway-'));
  const bundleDir = join(dir, 'bundle');
  await bundleGateway({pipelinePath, outDir: bundleDir});
  const [ingest, drain, admin] = [newKey(), newKey(), newKey()];
  const keysJson = JSON.stringify([
    {id: ingest.id, hash: await hashApiKey(ingest.key), scopes: ['ingest:write:*']},
    {id: drain.id, hash: await hashApiKey(drain.key), scopes: ['drain']},
    {id: admin.id, hash: await hashApiKey(admin.key), scopes: ['admin']},
  ]);
  const port = await freePort();
  const boot = (): Promise<RunningGateway> =>
    startGateway({bundleDir, port, stateDir: join(dir, 'state'), keysJson, secrets: {}});
  let running = await boot();
  return {
    url: running.url,
    ingestKey: ingest.key,
    drainKey: drain.key,
    adminKey: admin.key,
    async restart() {
      const ended = new Promise((resolve) => running.child.once('exit', resolve));
      running.child.kill('SIGKILL');
      await ended;
      running = await boot();
    },
    async end() {
      await running.stop();
      await rm(dir, {recursive: true, force: true});
    },
  };
}

function newKey(): {key: string; id: string} {
  return makeApiKey({environment: 'test', random: (bytes) => randomBytes(bytes)});
}

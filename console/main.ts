/**
 * The console: asks all layers for their positions and answers with one document.
 * Wiring only: configuration, parts, run, stop.
 */
import {resolve} from 'node:path';
import {pathToFileURL} from 'node:url';
import {serve} from '@hono/node-server';
import type {Pipeline} from '../src/define/pipeline.ts';
import {systemClock} from '../src/lib/clock.ts';
import {describeError} from '../src/lib/errors.ts';
import {jsonLog} from '../src/telemetry/log.ts';
import {collectLayers} from './collect-layers.ts';
import {consoleConfig} from './config.ts';
import {consoleApp} from './server.ts';
import {StageRates} from './stage-rates.ts';
import {statusDocument} from './status-document.ts';

const log = jsonLog('console', systemClock, (line) => process.stdout.write(`${line}\n`));

function fail(error: unknown): never {
  log.error('the console cannot run', {error: describeError(error)});
  process.exit(1);
}

async function run(): Promise<void> {
  const {adminKey, version, host, port, pipelinePath, ...urls} = consoleConfig(process.env);
  const pipeline = await loadPipeline(pipelinePath);
  const rates = new StageRates();
  const app = consoleApp({
    adminKey,
    version,
    status: async () => {
      const layers = await collectLayers({adminKey, ...urls});
      return statusDocument({layers, nowMs: systemClock.nowMs(), pipeline, version, rates});
    },
  });
  const server = serve({fetch: app.fetch, hostname: host, port}, (address) =>
    log.info('the console runs', {port: address.port, version, pipeline: pipeline.name}),
  );
  server.on('error', fail);
  const stop = (): void => {
    server.close(() => process.exit(0));
    if ('closeAllConnections' in server) server.closeAllConnections();
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}

async function loadPipeline(path: string): Promise<Pipeline> {
  if (path === '') return (await import('#pipeline')).default;
  return (await import(pathToFileURL(resolve(path)).href)).default;
}

await run().catch(fail);

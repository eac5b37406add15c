/**
 * The console: asks all layers for their positions and answers with one document.
 * Wiring only: configuration, parts, run, stop.
 */
import {once} from 'node:events';
import {systemClock} from '../src/lib/clock.ts';
import {describeError} from '../src/lib/errors.ts';
import {listen} from '../src/program/listen.ts';
import {loadPipeline} from '../src/program/load-pipeline.ts';
import {runProgram} from '../src/program/run-program.ts';
import {collectLayers, collectShards} from './collect-layers.ts';
import {consoleConfig} from './config.ts';
import {consoleApp} from './server.ts';
import {StageRates} from './stage-rates.ts';
import {statusDocument} from './status-document.ts';

await runProgram('console', async ({log, stop}) => {
  const {adminKey, version, host, port, pipelinePath, ...urls} = consoleConfig(process.env);
  const pipeline = await loadPipeline({
    path: pipelinePath,
    importBuiltIn: () => import('#pipeline'),
  });
  const rates = new StageRates();
  const app = consoleApp({
    adminKey,
    version,
    status: async () => {
      const layers = await collectLayers({adminKey, ...urls});
      return statusDocument({layers, nowMs: systemClock.nowMs(), pipeline, version, rates});
    },
    shards: async () => {
      try {
        return (await collectShards({adminKey, ...urls})).shards;
      } catch (error) {
        log.warn('the gateway did not answer a scrape', {reason: describeError(error)});
        return null;
      }
    },
  });
  const server = await listen({app, host, port, portVariable: 'FOREBAY_CONSOLE_PORT'});
  log.info('the console runs', {port: server.port, version, pipeline: pipeline.name});
  if (!stop.aborted) await once(stop, 'abort');
  server.close();
});

/**
 * The stream processor: keeps the views of a pipeline, exactly once from the data topics to the results, and answers queries.
 * Wiring only: configuration, parts, run, stop.
 */
import {randomUUID} from 'node:crypto';
import {join} from 'node:path';
import {connectKafka} from '../src/kafka/connect-kafka.ts';
import {systemClock} from '../src/lib/clock.ts';
import {listen} from '../src/program/listen.ts';
import {loadPipeline} from '../src/program/load-pipeline.ts';
import {runProgram, type ProgramContext} from '../src/program/run-program.ts';
import type {ProcessorStatus} from '../src/protocol/status.ts';
import {TopicNames} from '../src/protocol/topics.ts';
import {healthRoutes} from '../src/telemetry/health.ts';
import {processorConfig} from './config.ts';
import {processorMetrics} from './processor-metrics.ts';
import {LiveViews} from './query/live-views.ts';
import {queryRoutes} from './query/query-routes.ts';
import {ViewSource} from './query/view-source.ts';
import {cpuGauge, lagGauges, taskStatus} from './status.ts';
import {Supervisor} from './supervisor.ts';

await runProgram('processor', run);

async function run({log, stop}: ProgramContext): Promise<void> {
  const clock = systemClock;
  const config = processorConfig(process.env);
  const pipeline = await loadPipeline({
    path: config.pipelinePath,
    importBuiltIn: () => import('#pipeline'),
  });
  const {host, port, replica, stateDir, topicPrefix, version} = config;
  const folder = join(stateDir, 'processor', replica, `${topicPrefix}${pipeline.name}`);
  const metrics = processorMetrics();
  const source = new ViewSource((stream) => supervisor.tasksOf(stream));
  const live = new LiveViews(pipeline, source, {clock, newId: randomUUID});
  const supervisor = new Supervisor({
    kafka: connectKafka(config.kafka),
    pipeline,
    names: new TopicNames(topicPrefix, pipeline.name),
    replica,
    checkpointPath: (stream, partition) => join(folder, `${stream}-${partition}.sqlite`),
    clock,
    random: Math.random,
    newId: randomUUID,
    log,
    metrics,
    listener: live,
  });
  const status = (): ProcessorStatus => ({
    replica,
    version,
    pipeline: pipeline.fingerprint,
    tasks: supervisor.tasks.map(taskStatus),
    appliedRecords: supervisor.appliedRecords,
    lastError: supervisor.lastError,
  });
  const app = healthRoutes({
    notReadyReason: () => supervisor.notReadyReason(),
    metrics: [
      ...Object.values(metrics),
      ...lagGauges(() => supervisor.tasks, clock),
      cpuGauge(() => process.cpuUsage()),
    ],
    status,
  }).route('/', queryRoutes({pipeline, source, live}));
  const server = await listen({app, host, port, portVariable: 'FOREBAY_QUERY_PORT'});
  log.info('the processor runs', {replica, version, port: server.port, pipeline: pipeline.name});
  await supervisor.run(stop);
  server.close();
  log.info('the processor has stopped', {replica});
}

/**
 * The stream processor: keeps the views of a pipeline, exactly once from the data topics to the results, and answers queries.
 * Wiring only: configuration, parts, run, stop.
 */
import {join} from 'node:path';
import {connectKafka} from '../src/kafka/connect-kafka.ts';
import {systemClock} from '../src/lib/clock.ts';
import {describeError, ForebayError} from '../src/lib/errors.ts';
import type {ProcessorStatus} from '../src/protocol/status.ts';
import {TopicNames} from '../src/protocol/topics.ts';
import {healthRoutes} from '../src/telemetry/health.ts';
import {jsonLog} from '../src/telemetry/log.ts';
import {processorConfig} from './config.ts';
import {listen} from './listen.ts';
import {loadPipeline} from './load-pipeline.ts';
import {processorMetrics} from './processor-metrics.ts';
import {LiveViews} from './query/live-views.ts';
import {queryRoutes} from './query/query-routes.ts';
import {ViewSource} from './query/view-source.ts';
import {cpuGauge, lagGauges, taskStatus} from './status.ts';
import {Supervisor} from './supervisor.ts';

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;
/** A stop that takes longer is ended; nothing committed is lost by it. */
const STOP_DEADLINE_MS = 9_000;

const clock = systemClock;
const log = jsonLog('processor', clock, (line) => process.stdout.write(`${line}\n`));

async function run(): Promise<void> {
  const config = processorConfig(process.env);
  const pipeline = await loadPipeline({
    path: config.pipelinePath,
    cwd: process.cwd(),
    importBuiltIn: () => import('#pipeline'),
  });
  const {replica, version} = config;
  const names = new TopicNames(config.topicPrefix, pipeline.name);
  const folder = join(
    config.stateDir,
    'processor',
    replica,
    `${config.topicPrefix}${pipeline.name}`,
  );
  const metrics = processorMetrics();
  const source = new ViewSource((stream) => supervisor.tasksOf(stream));
  const live = new LiveViews(pipeline, source, () => clock.nowMs());
  const failed = Promise.withResolvers<never>();
  const supervisor = new Supervisor({
    kafka: connectKafka(config.kafka),
    pipeline,
    names,
    replica,
    checkpointPath: (stream, partition) => join(folder, `${stream}-${partition}.sqlite`),
    clock,
    random: Math.random,
    log,
    metrics,
    listener: live,
    onFatal: failed.reject,
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
      cpuGauge(() => {
        const {user, system} = process.cpuUsage();
        return user + system;
      }),
    ],
    status,
  }).route('/', queryRoutes({pipeline, source, live}));
  const {host, port} = config;
  const server = await listen({app, host, port, portVariable: 'FOREBAY_QUERY_PORT'});
  log.info('the processor runs', {replica, version, port: server.port, pipeline: pipeline.name});
  const stopped = stopSignal();
  await Promise.race([Promise.all([supervisor.start(), stopped]), stopped, failed.promise]);
  await supervisor.stop();
  server.close();
  log.info('the processor has stopped', {replica});
}

/** Resolves with the first SIGTERM or SIGINT; a process that does not end by itself after that is ended. */
function stopSignal(): Promise<void> {
  const {promise, resolve} = Promise.withResolvers<void>();
  const onSignal = (signal: NodeJS.Signals): void => {
    log.info('stopping', {signal});
    resolve();
    setTimeout(() => {
      log.warn('the processor did not stop in time and is ended', {deadlineMs: STOP_DEADLINE_MS});
      process.exit(0);
    }, STOP_DEADLINE_MS);
  };
  process.once('SIGTERM', onSignal);
  process.once('SIGINT', onSignal);
  return promise;
}

/** What an operator has to mend in a variable or in the definition, before anything can run. */
function isUsageError(error: unknown): boolean {
  return error instanceof ForebayError && /^(CONFIG|PIPELINE|KAFKA_OPTIONS)_/.test(error.code);
}

try {
  await run();
  process.exit(0);
} catch (error) {
  log.error('the processor cannot run', {error: describeError(error)});
  process.exit(isUsageError(error) ? EXIT_USAGE : EXIT_FAILED);
}

/**
 * The drain service: moves records from the gateway's shards into Kafka, exactly once and in order per shard.
 * Wiring only: configuration, parts, run, stop.
 */
import {connectKafka} from '../src/kafka/connect-kafka.ts';
import {systemClock} from '../src/lib/clock.ts';
import {describeError, ForebayError} from '../src/lib/errors.ts';
import {topicPlans, TopicNames} from '../src/protocol/topics.ts';
import type {DrainStatus} from '../src/protocol/status.ts';
import {shardsOf} from '../src/record/shard.ts';
import {healthRoutes} from '../src/telemetry/health.ts';
import {jsonLog} from '../src/telemetry/log.ts';
import {drainConfig} from './config.ts';
import {drainMetrics} from './drain-metrics.ts';
import {DrainTask} from './drain-task.ts';
import {gatewayClient} from './gateway-client.ts';
import {lagSeconds} from './lag-seconds.ts';
import {shardCreditBytes, STOP_DEADLINE_MS} from './limits.ts';
import {listen} from './listen.ts';
import {loadPipeline} from './load-pipeline.ts';
import {Supervisor} from './supervisor.ts';
import {taskOfShard} from './task-of-shard.ts';

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

const clock = systemClock;
const log = jsonLog('drain', clock, (line) => process.stdout.write(`${line}\n`));

async function run(): Promise<void> {
  const config = drainConfig(process.env);
  const pipeline = await loadPipeline({
    path: config.pipelinePath,
    cwd: process.cwd(),
    importBuiltIn: () => import('#pipeline'),
  });
  const {replica, version} = config;
  const names = new TopicNames(config.topicPrefix, pipeline.name);
  const shards = shardsOf(pipeline);
  const kafka = connectKafka(config.kafka);
  const openLink = gatewayClient({url: config.gatewayUrl, key: config.key});
  const random = Math.random;

  let committedRecords = 0;
  let lastError: string | null = null;
  const onError = (error: Error): void => {
    lastError = describeError(error);
  };
  const metrics = drainMetrics(() => lagSeconds(supervisor.status(), clock.nowMs()));
  const supervisor = new Supervisor({
    kafka,
    names,
    topics: topicPlans(pipeline, names),
    replica,
    fixedTasks: config.fixedTasks,
    createTask: (task) =>
      new DrainTask({
        task,
        shards: shards.filter((shard) => taskOfShard(shard.name) === task),
        kafka,
        names,
        openLink,
        creditBytes: shardCreditBytes(shards.length),
        metrics,
        onError,
        onCommitted: (records) => {
          committedRecords += records;
        },
        log,
        clock,
        random,
      }),
    onError,
    log,
    clock,
    random,
  });
  const status = (): DrainStatus => ({
    replica,
    version,
    pipeline: pipeline.fingerprint,
    tasks: supervisor.status(),
    committedRecords,
    lastError,
  });
  const server = await listen({
    app: healthRoutes({
      notReadyReason: () => supervisor.notReadyReason(),
      metrics: Object.values(metrics),
      status,
    }),
    host: config.host,
    port: config.port,
    portVariable: 'FOREBAY_DRAIN_PORT',
  });
  log.info('the drain runs', {replica, version, port: server.port, pipeline: pipeline.name});
  await supervisor.run(stopSignal());
  server.close();
  log.info('the drain has stopped', {committedRecords});
}

/** Aborted by the first SIGTERM or SIGINT; a process that does not end by itself after that is ended. */
function stopSignal(): AbortSignal {
  const stop = new AbortController();
  const onSignal = (signal: NodeJS.Signals): void => {
    if (stop.signal.aborted) return;
    log.info('stopping', {signal});
    stop.abort();
    setTimeout(() => {
      log.error('the drain did not stop in time and is ended', {deadlineMs: STOP_DEADLINE_MS});
      process.exit(EXIT_FAILED);
    }, STOP_DEADLINE_MS);
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  return stop.signal;
}

/** What an operator has to mend in a variable or in the definition, before anything can run. */
function isUsageError(error: unknown): boolean {
  return error instanceof ForebayError && /^(CONFIG|PIPELINE)_/.test(error.code);
}

try {
  await run();
  process.exit(0);
} catch (error) {
  log.error('the drain cannot run', {error: describeError(error)});
  process.exit(isUsageError(error) ? EXIT_USAGE : EXIT_FAILED);
}

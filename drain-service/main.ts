/**
 * The drain service: moves records from the gateway's shards into Kafka, exactly once and in order per shard.
 * Wiring only: configuration, parts, run, stop.
 */
import {setFlagsFromString} from 'node:v8';
import {connectKafka} from '../src/kafka/connect-kafka.ts';
import {systemClock} from '../src/lib/clock.ts';
import {describeError} from '../src/lib/errors.ts';
import {listen} from '../src/program/listen.ts';
import {loadPipeline} from '../src/program/load-pipeline.ts';
import {runProgram, type ProgramContext} from '../src/program/run-program.ts';
import {topicPlans, TopicNames} from '../src/protocol/topics.ts';
import type {DrainStatus} from '../src/protocol/status.ts';
import {shardsOf} from '../src/record/shard.ts';
import {healthRoutes} from '../src/telemetry/health.ts';
import {ByteBudget} from './byte-budget.ts';
import {drainConfig} from './config.ts';
import {drainMetrics} from './drain-metrics.ts';
import {DrainTask} from './drain-task.ts';
import {gatewayClient} from './gateway-client.ts';
import {lagSeconds} from './lag-seconds.ts';
import {MAX_HELD_BYTES, shardCreditBytes, V8_HEAP_FLAGS} from './limits.ts';
import {Supervisor} from './supervisor.ts';
import {taskOfShard} from './task-of-shard.ts';

for (const flag of V8_HEAP_FLAGS) setFlagsFromString(flag);
await runProgram('drain', run);

function newId(): string {
  return crypto.randomUUID();
}

async function run({log, stop}: ProgramContext): Promise<void> {
  const clock = systemClock;
  const config = drainConfig(process.env);
  const pipeline = await loadPipeline({
    path: config.pipelinePath,
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
  const held = new ByteBudget(MAX_HELD_BYTES);
  const metrics = drainMetrics({
    lagSeconds: () => lagSeconds(supervisor.status(), clock.nowMs()),
    held,
  });
  const common = {kafka, names, openLink, onError, log, clock, random};
  const supervisor = new Supervisor({
    ...common,
    topics: topicPlans(pipeline, names),
    replica,
    fixedTasks: config.fixedTasks,
    createTask: (task) =>
      new DrainTask({
        ...common,
        newId,
        task,
        shards: shards.filter((shard) => taskOfShard(shard.name) === task),
        creditBytes: shardCreditBytes(shards.length),
        held,
        metrics,
        onCommitted: (records) => {
          committedRecords += records;
        },
      }),
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
      idleReason: () => supervisor.idleReason(),
      metrics: Object.values(metrics),
      status,
    }),
    host: config.host,
    port: config.port,
    portVariable: 'FOREBAY_DRAIN_PORT',
  });
  log.info('the drain runs', {replica, version, port: server.port, pipeline: pipeline.name});
  await supervisor.run(stop);
  server.close();
  log.info('the drain has stopped', {committedRecords});
}

/** The main thread of the processor. Wiring only: configuration, parts, run, stop. */
import {hostname} from 'node:os';
import {Hono} from 'hono';
import {topologyOf} from '../src/define/topology.ts';
import {connectKafka} from '../src/kafka/connect-kafka.ts';
import {systemClock} from '../src/lib/clock.ts';
import {listen} from '../src/program/listen.ts';
import {loadPipeline} from '../src/program/load-pipeline.ts';
import type {ProgramContext} from '../src/program/run-program.ts';
import {topicPlans, TopicNames} from '../src/protocol/topics.ts';
import {healthRoutes} from '../src/telemetry/health.ts';
import type {ProcessorConfig} from './config.ts';
import {featureRoutes} from './features/feature-routes.ts';
import {OwnerMap} from './owners/owner-map.ts';
import {queryUrl} from './owners/query-url.ts';
import {answerProblems} from './query/answer-problems.ts';
import {queryRoutes} from './query/query-routes.ts';
import {ReplicaReport} from './status/replica-report.ts';
import {MergedViews} from './route/merged-views.ts';
import {partitionRoutes} from './route/partition-routes.ts';
import {routeViews} from './route/route-views.ts';
import {ViewOwners} from './route/view-owners.ts';
import {sqlRoutes} from './sql/sql-routes.ts';
import {cpuGauge} from './status/cpu-gauge.ts';
import {Supervisor} from './supervisor.ts';
import {tasksOf} from './task/tasks-of.ts';
import type {WorkerHost} from './worker/worker-hosts.ts';
import {WorkerPool} from './worker/worker-pool.ts';

export interface ReplicaContext extends ProgramContext {
  readonly config: ProcessorConfig;
  readonly newHost: () => WorkerHost;
  /** Only an entry file may import `#pipeline`. */
  readonly importBuiltIn: () => Promise<unknown>;
}

export async function runReplica({
  log,
  stop,
  config,
  newHost,
  importBuiltIn,
}: ReplicaContext): Promise<void> {
  const pipeline = await loadPipeline({path: config.pipelinePath, importBuiltIn});
  const {host, replica, version, topicPrefix, hasStandby} = config;
  const clock = systemClock;
  const topology = topologyOf(pipeline);
  const names = new TopicNames(topicPrefix, pipeline.name);
  const common = {kafka: connectKafka(config.kafka), names, log, random: Math.random};
  const owners = new OwnerMap(common);
  const supervisor = new Supervisor({
    ...common,
    topics: topicPlans(pipeline, names),
    topology,
    replica,
    hasStandby,
    owners,
  });
  let pool: WorkerPool | undefined;
  const viewOwners = new ViewOwners({
    topology,
    replica,
    workerOf: (task) => pool?.viewsOf(task),
    announced: (task) => owners.of(task),
    fetch,
  });
  const report = new ReplicaReport({
    supervisor,
    pool: () => pool,
    gauges: [cpuGauge(() => process.cpuUsage())],
    head: {replica, version, pipeline: pipeline.fingerprint},
  });
  const views = routeViews(new MergedViews(viewOwners.anywhere));
  const app = answerProblems(new Hono(), log)
    .route(
      '/',
      healthRoutes({
        notReadyReason: () => report.notReadyReason(),
        idleReason: () => supervisor.note,
        metrics: () => report.metrics(),
        status: () => report.status(),
      }),
    )
    .route('/', queryRoutes({pipeline, views}))
    .route('/', sqlRoutes({pipeline, views, clock}))
    .route('/', featureRoutes({...common, pipeline, views, clock}))
    .route('/', partitionRoutes(pipeline, new MergedViews(viewOwners.here)));
  const server = await listen({app, host, port: config.port, portVariable: 'FOREBAY_QUERY_PORT'});
  const {port} = server;
  pool = new WorkerPool({
    // A worker without a task would only take memory.
    workers: Math.max(1, Math.min(config.workers, tasksOf(topology).length)),
    newHost,
    queryUrl: queryUrl({configured: config.queryUrl, host, port, hostname: hostname()}),
    log,
  });
  log.info('the processor runs', {replica, version, port, pipeline: pipeline.name});
  await supervisor.run(pool, stop);
  server.close();
  log.info('the processor has stopped', {replica});
}

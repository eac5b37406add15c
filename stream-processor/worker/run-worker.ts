/**
 * A worker of the processor, in a thread of its own or in the main thread: it loads the pipeline itself, runs the tasks that it
 * is given, and answers for them through its tunnel. Wiring only.
 */
import {randomUUID} from 'node:crypto';
import {join} from 'node:path';
import {Hono} from 'hono';
import {topologyOf, type Topology} from '../../src/define/topology.ts';
import {connectKafka} from '../../src/kafka/connect-kafka.ts';
import {systemClock} from '../../src/lib/clock.ts';
import {loadPipeline} from '../../src/program/load-pipeline.ts';
import {TopicNames} from '../../src/protocol/topics.ts';
import type {Log, LogLevel} from '../../src/telemetry/log.ts';
import {prometheusText} from '../../src/telemetry/metrics.ts';
import {processorConfig} from '../config.ts';
import {InputWatch} from '../task/input-watch.ts';
import {ownerRecord} from '../owners/owner-record.ts';
import {processorMetrics} from '../status/processor-metrics.ts';
import {LocalTaskViews} from '../query/local-task-views.ts';
import {restoreTurns} from '../restore/restore-turns.ts';
import {partitionRoutes} from '../route/partition-routes.ts';
import {PlacedViews} from '../route/placed-views.ts';
import {StandbyTask} from '../standby/standby-task.ts';
import {lagGauges} from '../status/lag-gauges.ts';
import type {TaskOptions} from '../task/task-options.ts';
import {Task} from '../task/task.ts';
import {answerTunnel} from './answer-tunnel.ts';
import type {FromWorker, ToWorker, WorkerStart} from './control.ts';
import {post} from './post.ts';
import {reportWorker} from './report-worker.ts';
import {TaskSet} from './task-set.ts';
import {workerGauges} from './worker-gauges.ts';

type Tell = (message: FromWorker) => void;

/** `importBuiltIn`: only an entry file may import `#pipeline`. */
export async function runWorker(
  {worker, queryUrl, control, tunnel}: WorkerStart,
  importBuiltIn: () => Promise<unknown>,
): Promise<void> {
  const tell: Tell = (message) => post(control, message);
  const config = processorConfig(process.env);
  const pipeline = await loadPipeline({path: config.pipelinePath, importBuiltIn});
  const {replica, topicPrefix} = config;
  const topology = topologyOf(pipeline);
  const clock = systemClock;
  const names = new TopicNames(topicPrefix, pipeline.name);
  const kafka = connectKafka(config.kafka);
  const admin = await kafka.openAdmin();
  const metrics = processorMetrics();
  const local = new LocalTaskViews({pipeline, tasks: () => tasks.owned, clock, newId: randomUUID});
  const tasks: TaskSet<Task> = taskSet({
    topology,
    folder: join(config.stateDir, 'processor', replica, `${topicPrefix}${pipeline.name}`),
    tell,
    announce: (task, sinceMs) => [ownerRecord({task, replica, url: queryUrl, sinceMs}, names)],
    common: {
      kafka,
      admin,
      pipeline,
      names,
      clock,
      metrics,
      listener: local,
      log: tellingLog(tell),
      inTurn: restoreTurns(),
      random: Math.random,
      newId: randomUUID,
      onFatal: ({code, message, hint}) => tell({kind: 'fatal', code, message, hint}),
    },
  });
  const watch = new InputWatch({admin, names, tasks: () => tasks.owned, clock});
  const stopping = new AbortController();
  void watch.run(stopping.signal);

  const report = () => reportWorker({worker, tasks, topology, metrics, watch});
  const gauges = [...lagGauges(() => tasks.owned, clock), ...workerGauges(() => report().worker)];
  const app = new Hono()
    .get('/report', (c) => c.json(report()))
    .get('/metrics', (c) => c.text(prometheusText([...Object.values(metrics), ...gauges])))
    .route('/', partitionRoutes(pipeline, new PlacedViews(local)));
  answerTunnel(tunnel, (request) => app.fetch(request));

  control.on('message', (message: ToWorker) => {
    if (message.kind === 'begin') tasks.begin(message.task, message.role);
    else if (message.kind === 'end') tasks.end(message.task);
    else {
      stopping.abort();
      void tasks.stop().then(() => tell({kind: 'stopped'}));
    }
  });
}

interface WorkerTasks {
  readonly tell: Tell;
  readonly topology: Topology;
  /** Of the checkpoints. */
  readonly folder: string;
  readonly announce: (task: string, sinceMs: number) => ReturnType<TaskOptions['restoreRecords']>;
  readonly common: Omit<TaskOptions, 'group' | 'partition' | 'checkpointPath' | 'restoreRecords'>;
}

function taskSet({tell, topology, folder, announce, common}: WorkerTasks): TaskSet<Task> {
  const pathOf = (task: string) => join(folder, `${task}.sqlite`);
  return new TaskSet<Task>({
    topology,
    newOwned: ({task, group, partition}) =>
      new Task({
        ...common,
        group,
        partition,
        checkpointPath: pathOf(task),
        restoreRecords: (sinceMs) => announce(task, sinceMs),
      }),
    newStandby: ({task, group, partition}) =>
      new StandbyTask({...common, group, partition, checkpointPath: pathOf(task)}),
    onEnded: (task) => tell({kind: 'ended', task}),
  });
}

function tellingLog(tell: Tell): Log {
  const at =
    (level: LogLevel): Log[LogLevel] =>
    (sentence, fields) =>
      tell({kind: 'log', level, sentence, fields});
  return {info: at('info'), warn: at('warn'), error: at('error')};
}

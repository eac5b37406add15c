/** The drain's and the processor's tasks in a simulated process each, as their supervisors make them. */
import {join} from 'node:path';
import {ByteBudget} from '../../drain-service/byte-budget.ts';
import {drainMetrics} from '../../drain-service/drain-metrics.ts';
import {DrainTask} from '../../drain-service/drain-task.ts';
import {MAX_HELD_BYTES} from '../../drain-service/limits.ts';
import {gatewayClient} from '../../drain-service/gateway-client.ts';
import {topologyOf} from '../../src/define/topology.ts';
import type {ForebayError} from '../../src/lib/errors.ts';
import {processorMetrics} from '../../stream-processor/status/processor-metrics.ts';
import {restoreTurns} from '../../stream-processor/restore/restore-turns.ts';
import {Task} from '../../stream-processor/task/task.ts';
import type {SimProcess} from './engine/scheduler.ts';
import type {World} from './engine/world.ts';
import {simAdmin, simKafka} from './kafka/sim-kafka.ts';
import type {SimWire} from './kafka/sim-wire.ts';
import type {Running} from './replicas.ts';
import {DRAIN_TASK, names, pipeline, readings, SHARDS} from './sim-pipeline.ts';

/** A few frames of the load's records. */
const CREDIT_BYTES = 3_000;
const quiet = {info: () => {}, warn: () => {}, error: () => {}};
const clock = {nowMs: () => Date.now()};
const GROUP = topologyOf(pipeline).groups[0]!;

export interface ProgramOptions {
  readonly world: World;
  readonly wire: SimWire;
}

export function startDrain({world, wire}: ProgramOptions, process: SimProcess): Running {
  const held = new ByteBudget(MAX_HELD_BYTES);
  const task = new DrainTask({
    task: DRAIN_TASK,
    shards: SHARDS,
    kafka: simKafka(wire, process),
    names,
    openLink: gatewayClient({url: 'http://gateway', key: 'sim'}),
    creditBytes: CREDIT_BYTES,
    held,
    metrics: drainMetrics({lagSeconds: () => 0, held}),
    onError: () => {},
    onCommitted: () => {},
    log: quiet,
    clock,
    random: world.random,
    newId: () => world.newId(),
  });
  const ended = task.run();
  return {
    stop: () => {
      task.stop();
      return ended;
    },
  };
}

export interface ProcessorOptions extends ProgramOptions {
  readonly folder: string;
}

export function checkpointPath(folder: string, replica: number, partition: number): string {
  return join(folder, `${replica}-${partition}.sqlite`);
}

export class SimProcessor implements Running {
  readonly #tasks: readonly Task[];

  constructor({world, wire, folder}: ProcessorOptions, process: SimProcess, replica: number) {
    const kafka = simKafka(wire, process);
    const admin = simAdmin(wire, process);
    const inTurn = restoreTurns();
    this.#tasks = SHARDS.map(
      ({partition}) =>
        new Task({
          kafka,
          admin,
          group: GROUP,
          partition,
          pipeline,
          names,
          checkpointPath: checkpointPath(folder, replica, partition),
          inTurn,
          clock,
          random: world.random,
          newId: () => world.newId(),
          log: quiet,
          metrics: processorMetrics(),
          listener: {committing: () => {}, committed: () => {}, changed: () => {}},
          restoreRecords: () => [],
          onFatal: (error: ForebayError) =>
            world.tell({type: 'note', text: `progress: ${error.code}`}),
        }),
    );
    for (const task of this.#tasks) task.start();
  }

  /** Whether it has committed up to these offsets. */
  isAt(ends: readonly bigint[]): boolean {
    return this.#tasks.every(({processor}, partition) => {
      if (processor === undefined) return false;
      const committed = processor.committedOffsets.get(readings.name)!;
      return committed >= ends[partition]! && !processor.hasUncommitted();
    });
  }

  async stop(): Promise<void> {
    await Promise.all(this.#tasks.map((task) => task.stop()));
  }
}

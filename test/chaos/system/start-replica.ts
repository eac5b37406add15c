import {join} from 'node:path';
import type {PartLog} from '../../../dev/stack/part-log.ts';
import {lastingPort} from '../../../dev/lasting-port.ts';
import type {ChaosProcess} from '../faults/chaos-system.ts';
import {chaosProcess} from './chaos-process.ts';
import {KeptProcess} from './kept-process.ts';
import {spawnNodeProgram} from './spawn-node-program.ts';
import {twinOf} from './twin.ts';

/** Lets the wall clock of a Node program be shifted. */
const CLOCK_PRELOAD = join(import.meta.dirname, '../faults/clock-step.ts');

const PROGRAMS = {
  drain: {main: 'drain-service/main.ts', portVariable: 'FOREBAY_DRAIN_PORT'},
  processor: {main: 'stream-processor/main.ts', portVariable: 'FOREBAY_QUERY_PORT'},
} as const;

export interface Replica {
  readonly kept: KeptProcess;
  readonly process: ChaosProcess;
  readonly url: string;
}

export interface ReplicaOptions {
  readonly part: 'drain' | 'processor';
  readonly name: string;
  /** Of the run; a processor's own state is in the folder named like it. */
  readonly stateDir: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly disk?: string | undefined;
  readonly logs: (name: string) => PartLog;
  readonly onEnded: (name: string, how: string) => void;
  readonly ending: (() => Promise<unknown>)[];
}

export async function startReplica(options: ReplicaOptions): Promise<Replica> {
  const {part, name, stateDir, disk, logs, onEnded, ending} = options;
  const {main, portVariable} = PROGRAMS[part];
  const port = await lastingPort();
  const clockFile = join(stateDir, `${name}.clock`);
  const program = {
    main,
    preload: [CLOCK_PRELOAD],
    log: logs(name),
    env: {
      ...options.env,
      FOREBAY_REPLICA: name,
      FOREBAY_STATE_DIR: join(stateDir, name),
      FOREBAY_CHAOS_CLOCK: clockFile,
      [portVariable]: String(port),
    },
  };
  const kept = new KeptProcess({
    name,
    part,
    spawn: () => Promise.resolve(spawnNodeProgram(program)),
    onEnded: (how) => onEnded(name, how),
  });
  ending.push(() => kept.stop());
  await kept.start();
  // A twin has the name, and so the transactional ids, but its own door.
  const twin = {...program, env: {...program.env, [portVariable]: '0'}, log: logs(`${name}-twin`)};
  return {
    kept,
    url: `http://127.0.0.1:${port}`,
    process: chaosProcess(kept, {
      clockFile,
      ...(disk === undefined ? {} : {disk}),
      ...(part === 'drain' ? {startTwin: twinOf(twin, ending)} : {}),
    }),
  };
}

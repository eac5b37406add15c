import {Worker} from 'node:worker_threads';
import {describeError} from '../../src/lib/errors.ts';
import type {WorkerStart} from './control.ts';
import {post} from './post.ts';

/** Where a worker runs. */
export interface WorkerHost {
  start(start: WorkerStart): void;
  /** Resolves with how, when the worker has failed or ended. */
  readonly ended: Promise<string>;
  terminate(): Promise<void>;
}

export interface WorkerHostsOptions {
  readonly workers: number;
  /** The program's entry file, with which threads start. */
  readonly entry: URL;
  /** What the entry file does in a thread that is started. */
  readonly run: (start: WorkerStart) => Promise<void>;
}

/**
 * One host after the other. Loading code takes most of a restart and is done once per thread: so an only worker runs in the
 * main thread, and the first of several loads from now on, while the main thread loads, too.
 */
export function workerHosts({workers, entry, run}: WorkerHostsOptions): () => WorkerHost {
  if (workers === 1) return () => mainThread(run);
  let loading: WorkerHost | undefined = thread(entry);
  return () => {
    const host = loading ?? thread(entry);
    loading = undefined;
    return host;
  };
}

function thread(entry: URL): WorkerHost {
  const worker = new Worker(entry);
  const ended = Promise.withResolvers<string>();
  worker.on('error', (error) => ended.resolve(describeError(error)));
  worker.on('exit', (code) => ended.resolve(`it exited with ${code}`));
  return {
    start: (start) => post(worker, start, [start.control, start.tunnel]),
    ended: ended.promise,
    async terminate() {
      await worker.terminate();
    },
  };
}

function mainThread(run: WorkerHostsOptions['run']): WorkerHost {
  const ended = Promise.withResolvers<string>();
  return {
    start: (start) => void run(start).catch((error) => ended.resolve(describeError(error))),
    ended: ended.promise,
    terminate: () => Promise.resolve(),
  };
}

/**
 * The stream processor: keeps the views of a pipeline, exactly once from the data topics to the results, and answers queries.
 * The main thread is in the consumer group and answers HTTP; workers have the tasks: several in threads that start with this
 * file, too, an only one in the main thread.
 */
import {once} from 'node:events';
import {isMainThread, parentPort} from 'node:worker_threads';
import {keepCompiled} from '../src/program/keep-compiled.ts';
import {runProgram} from '../src/program/run-program.ts';
import {processorConfig} from './config.ts';
import type {WorkerStart} from './worker/control.ts';
import {workerHosts} from './worker/worker-hosts.ts';

const importBuiltIn = (): Promise<unknown> => import('#pipeline');

// Each thread loads only what it runs.
const loadWorker = () => import('./worker/run-worker.ts');

if (isMainThread) {
  await runProgram('processor', async (context) => {
    const config = processorConfig(process.env);
    const newHost = workerHosts({
      workers: config.workers,
      entry: new URL(import.meta.url),
      run: async (start) => (await loadWorker()).runWorker(start, importBuiltIn),
    });
    const {runReplica} = await import('./run-replica.ts');
    await runReplica({...context, config, newHost, importBuiltIn});
  });
} else {
  keepCompiled();
  const {runWorker} = await loadWorker();
  const [start] = (await once(parentPort!, 'message')) as [WorkerStart];
  await runWorker(start, importBuiltIn);
}

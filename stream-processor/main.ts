/**
 * The stream processor: keeps the views of a pipeline, exactly once from the data topics to the results, and answers queries.
 * The main thread is in the consumer group and answers HTTP; tasks run in worker threads, which start with this file, too.
 */
import {isMainThread} from 'node:worker_threads';
import {runProgram} from '../src/program/run-program.ts';
import {runReplica} from './run-replica.ts';
import {runWorker} from './worker/run-worker.ts';

const importBuiltIn = (): Promise<unknown> => import('#pipeline');

if (isMainThread) {
  const entry = new URL(import.meta.url);
  await runProgram('processor', (context) => runReplica({...context, entry, importBuiltIn}));
} else {
  await runWorker(importBuiltIn);
}

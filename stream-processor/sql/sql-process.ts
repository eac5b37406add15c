/**
 * A process that runs statements of one client. Nothing in Node stops a statement that runs (a worker thread that is
 * terminated goes on until SQLite returns), so statements run where a SIGKILL ends them and their memory is not ours.
 */
import {Worker} from 'node:worker_threads';
import {ReadOnlyDatabase} from './read-only-database.ts';
import type {SqlAsk} from './sql-messages.ts';

const MAX_HEAP_BYTES = 256_000_000;

// While a statement runs, this thread would not notice that the processor was killed.
new Worker(new URL('orphan-watch.ts', import.meta.url)).unref();

const database = new ReadOnlyDatabase({maxHeapBytes: MAX_HEAP_BYTES});

process.on('message', (ask: SqlAsk) => {
  process.send!(ask.kind === 'load' ? database.load(ask.changes) : database.run(ask));
});
process.on('disconnect', () => process.exit());

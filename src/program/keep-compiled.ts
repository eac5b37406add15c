import {flushCompileCache} from 'node:module';

/** When the start is over and has compiled what it needs. */
const AFTER_MS = 5_000;

/**
 * Keeps the code that this thread has compiled, where there is a cache for it (NODE_COMPILE_CACHE). Node fills the cache when
 * a process exits; one that is killed would leave none for the next.
 */
export function keepCompiled(): void {
  setTimeout(flushCompileCache, AFTER_MS).unref();
}

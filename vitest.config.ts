import path from 'node:path';
import {cloudflareTest} from '@cloudflare/vitest-plugin';
import {defineConfig} from 'vitest/config';

/** Real processes start, die and restart in some tests: a minute of faults takes two, beside another file and on a slow machine more. */
const TEST_TIMEOUT_MS = 300_000;
const NEEDS_WORKERD = 'test/**/*.workerd.test.ts';
/** Brokers and other processes. */
const NEEDS_PROCESSES = 'test/**/*.{kafka,e2e,chaos}.test.ts';

// Inherited by every process a test starts: what the first of them compiled, the others load.
process.env['NODE_COMPILE_CACHE'] ??= path.resolve('node_modules/.cache/compiled');

/** Of every file: to load its modules anew would cost more than most files' tests. */
const COMMON = {testTimeout: TEST_TIMEOUT_MS, hookTimeout: TEST_TIMEOUT_MS, isolate: false};

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: [NEEDS_WORKERD, NEEDS_PROCESSES],
          ...COMMON,
          maxWorkers: 2,
          sequence: {groupOrder: 0},
        },
      },
      {
        test: {
          name: 'node',
          include: [NEEDS_PROCESSES],
          globalSetup: ['test/support/kafka-global-setup.ts'],
          ...COMMON,
          // These files mostly wait for something to come back: two at a time take two thirds of the time.
          maxWorkers: 2,
          sequence: {groupOrder: 1},
        },
      },
      {
        plugins: [
          cloudflareTest({
            // The real Durable Objects with a pipeline made for the tests.
            main: './test/gateway-worker/support/test-worker.ts',
            wrangler: {configPath: './wrangler.toml'},
          }),
        ],
        test: {
          name: 'workerd',
          include: [NEEDS_WORKERD],
          setupFiles: ['test/gateway-worker/support/fresh-storage.ts'],
          ...COMMON,
          sequence: {groupOrder: 2},
        },
      },
    ],
  },
});

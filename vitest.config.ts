import {cloudflareTest} from '@cloudflare/vitest-plugin';
import {defineConfig} from 'vitest/config';

/** Real processes start, die and restart in some tests. */
const TEST_TIMEOUT_MS = 120_000;

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'node',
          include: ['test/**/*.test.ts'],
          exclude: ['test/**/*.workerd.test.ts'],
          globalSetup: ['test/support/kafka-global-setup.ts'],
          testTimeout: TEST_TIMEOUT_MS,
          hookTimeout: TEST_TIMEOUT_MS,
          // Files share two cores and one broker: one after another is both faster and steadier.
          fileParallelism: false,
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
        test: {name: 'workerd', include: ['test/**/*.workerd.test.ts']},
      },
    ],
  },
});

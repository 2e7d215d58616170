import { defineConfig } from 'vitest/config';

// Device tests share two cores and one software adapter, so files run in forked processes, two at a time. A process keeps its
// modules from file to file: loading them anew takes a fifth of the whole time.
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/fixed-seed.ts'],
    globalSetup: ['test/prepare-device.ts'],
    pool: 'forks',
    isolate: false,
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});

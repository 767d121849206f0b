import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    globalSetup: ['test/support/build.ts'],
    setupFiles: ['test/support/end-of-file.ts'],
    include: ['test/**/*.test.ts'],
    // The machines have two cores; left alone vitest keeps one of them for itself.
    maxWorkers: 2,
    // A worker reads the source once, and not for each file anew: that took a quarter of the suite's time. So a test
    // leaves nothing behind: no spy, no variable of the environment, no working folder.
    isolate: false,
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});

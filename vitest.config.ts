import { defineConfig } from 'vitest/config';
import { ClosingLineReporter } from './test/support/closing-line.ts';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/postgres-setup.ts'],
    setupFiles: ['test/support/setup.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    reporters: [['default', { summary: false }], new ClosingLineReporter()],
    coverage: { provider: 'v8', include: ['src/**'], exclude: ['src/lib/wire/gen/**'] },
  },
});

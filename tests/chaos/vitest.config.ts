import { defineConfig, mergeConfig } from 'vitest/config'
import shared from '../../vitest.config.ts'

// `npm run chaos`: every moment, where `npm test` tries some. It takes hours, and writes docs/reliability.md.
export default mergeConfig(
  { ...shared, test: { ...shared.test, include: [] } },
  defineConfig({
    test: {
      include: [
        'tests/chaos/**/*.chaos.ts',
        // Of these `npm test` tries some.
        'tests/commands/kinds-of-steps.test.ts',
        'tests/commands/put-aside.test.ts',
        'tests/scenarios/interrupted-pull.test.ts',
        'tests/scenarios/killed.test.ts',
        'tests/scenarios/two-operators.test.ts',
      ],
      provide: { whole: true },
      globalSetup: ['tests/chaos/reliability.ts'],
      testTimeout: 3 * 3_600_000,
      maxWorkers: 1,
      fileParallelism: false,
      maxConcurrency: 3,
    },
  }),
)

import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const source = (path: string) => fileURLToPath(new URL(path, import.meta.url))

export default defineConfig({
  resolve: {
    alias: [
      { find: /^runbook$/, replacement: source('runbook/index.ts') },
      { find: /^runbook\/steps$/, replacement: source('steps/index.ts') },
      { find: /^runbook\/checks$/, replacement: source('checks/index.ts') },
    ],
  },
  test: {
    include: ['tests/**/*.test.ts'],
    globalSetup: ['tests/rig/global-setup.ts'],
    // For a machine that does much else: what hangs is found out all the same, and what is slow is no failure.
    testTimeout: 180_000,
    hookTimeout: 300_000,
    // Real servers and real builds share two cores; more workers only make each of them slower.
    maxWorkers: 3,
  },
})

import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** What raises a world takes minutes: begun last, it would run alone at the end. */
class WorldsFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const ofWorlds = (file: TestSpecification) => file.moduleId.includes('/tests/scenarios/')
    const sorted = await super.sort(files)
    return [...sorted.filter(ofWorlds), ...sorted.filter((file) => !ofWorlds(file))]
  }
}

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
    // See tests/rig/in-turn.ts.
    provide: { whole: false },
    // For a machine that does much else: what hangs is found out all the same, and what is slow is no failure.
    testTimeout: 180_000,
    hookTimeout: 300_000,
    // Two cores: half of the time a test waits for a program, and more workers only make each of them slower.
    maxWorkers: 4,
    sequence: { sequencer: WorldsFirst },
  },
})

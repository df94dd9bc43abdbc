import { z } from 'zod'
import { packageManager } from '../checks/reading/package-manager.ts'
import { toolPresent } from '../checks/tool-present.ts'
import {
  changes,
  defineCheck,
  defineStep,
  early,
  factory,
  fails,
  holds,
  nothingToUndo,
} from '../runbook/index.ts'
import { managerPresent, otherManager } from './build/manager-present.ts'
import { hasScript, runScript } from './build/package-script.ts'
import { incomingTextIfThere } from './incoming-file.ts'
import { variables } from './variables.ts'

/** Runs the application's own tests. */
export const runTests = factory(
  'run-tests',
  {
    /** Default: the application's folder. */
    in: z.string().min(1).default('.').describe("the folder of package.json; default: the application's"),
    /** Default: test. */
    script: z.string().min(1).default('test').describe('the script of package.json; default: test'),
    /** Program and arguments instead of the script. */
    command: z
      .tuple([z.string()], z.string())
      .optional()
      .describe('program and arguments, instead of the script'),
    /** Variables for the tests. */
    env: variables.describe('variables for the tests'),
    /** Milliseconds. Default: an hour. */
    timeout: z.int().positive().optional().describe('milliseconds; default: an hour'),
  },
  ({ in: folder, script, command, env, timeout }) =>
    defineStep({
      id: 'run-tests',
      title: `Run the tests${folder === '.' ? '' : ` of ${folder}`}`,
      about:
        'Runs the tests of the application, and goes on only when they pass. Their exit status is the proof: a script ' +
        'that prints “passed” whatever happened proves nothing.',
      sort: 'verifies',
      needs: () => (command ? [] : [toolPresent('node'), managerPresent(folder)]),
      observe: async (at) => ({
        manager: (await packageManager(at, folder, { read: incomingTextIfThere })).manager,
      }),
      before: ({ observed }) =>
        command ? [] : [...otherManager(observed.manager), hasScript(folder, script)].map(early),
      actions: ({ observed }) => ({
        test: {
          ...(command ? changes(...command) : runScript(observed.manager, script)),
          ...(folder !== '.' && { cwd: folder }),
          ...(env && { env }),
          ...(timeout && { timeout }),
        },
      }),
      after: () => [passed],
      output: async (at) => ({ passed: at.performed('test') ?? '' }),
      summary: ({ output }) => output.passed,
      undo: () => nothingToUndo('tests change nothing that is deployed'),
    }),
  { in: 'backend', script: 'test:integration' },
)

const passed = defineCheck({
  fact: 'the tests pass',
  remedy: 'read what failed, and mend it or go back: runbook rollback',
  look: async ({ performed }) => {
    const ended = performed('test')
    return ended ? holds(ended) : fails('they were not run to their end')
  },
})

import { z } from 'zod'
import { defaultSources } from '../checks/build-newer-than-sources.ts'
import { packageManager } from '../checks/reading/package-manager.ts'
import { toolPresent } from '../checks/tool-present.ts'
import { changes, defineStep, early, factory, nothingToUndo, type Step } from '../runbook/index.ts'
import {
  aroundBuild,
  builtAnew,
  finished,
  isLeft,
  isOwnFolder,
  lookAtOutput,
  performBuild,
} from './build/build-anew.ts'
import { builtFromRevision, revisionToBuild, writesRecord } from './build/build-record.ts'
import { managerPresent, otherManager } from './build/manager-present.ts'
import { hasScript, runScript } from './build/package-script.ts'
import { keepingChanges } from './code/kept-changes.ts'
import { oldBuild } from './diagnoses/old-build.ts'
import { incomingTextIfThere } from './incoming-file.ts'
import { variables } from './variables.ts'

/** Builds what the application runs. */
export const buildApp = factory(
  'build-app',
  {
    /** Default: the application's folder. */
    in: z.string().min(1).default('.').describe("the folder of package.json; default: the application's"),
    /** Default: build. */
    script: z.string().min(1).default('build').describe('the script of package.json; default: build'),
    /** Relative to `in`. Default: dist. */
    out: z
      .string()
      .min(1)
      .default('dist')
      .describe('the folder or file that it writes, below `in`; default: dist'),
    /** Relative to `in`. Default: src, package.json, tsconfig.json. */
    sources: z
      .array(z.string().min(1))
      .min(1)
      .default([...defaultSources])
      .describe(`what it is made from, below \`in\`; default: ${defaultSources.join(', ')}`),
    /** Program and arguments instead of the script. */
    command: z
      .tuple([z.string()], z.string())
      .optional()
      .describe('program and arguments, instead of the script'),
    /** Variables for the build. */
    env: variables.describe('variables for the build'),
    /** Builds whatever is there, and removes what was built before. Default: false. */
    force: z
      .boolean()
      .default(false)
      .describe('build whatever is there, and from nothing: what was built before is put aside first'),
    /** Milliseconds. Default: an hour. */
    timeout: z.int().positive().optional().describe('milliseconds; default: an hour'),
  },
  ({ in: folder, script, out, sources, command, env, force, timeout }): Step => {
    const build = { folder, out, sources }
    const printed = command?.join(' ') ?? script
    const builtFrom = builtFromRevision(build, printed)

    const step = defineStep({
      id: 'build-app',
      title: `Build ${folder === '.' ? 'the application' : folder}`,
      about:
        'Runs the build of package.json. Proves it by the files that it wrote, which must be newer than every source: ' +
        'a build that ends well and writes nothing fails. Writes down which revision was built; skipped only when that ' +
        'is the one to deploy and no file of it was touched since. A new revision is always built, and with `force` everything, from nothing. ' +
        'What was built before is put aside meanwhile, and comes back where the build fails or is interrupted.',
      sort: 'follows',
      provenByContent: true,
      needs: () => [toolPresent('node'), ...(command ? [] : [managerPresent(folder)])],
      observe: async (at) => ({
        places: await lookAtOutput(at, build),
        manager: (await packageManager(at, folder, { read: incomingTextIfThere })).manager,
        revision: await revisionToBuild(at),
        last: (await builtFrom.look(at)).seen,
      }),
      before: ({ observed }) =>
        command ? [] : [...otherManager(observed.manager), hasScript(folder, script)].map(early),
      actions: ({ observed }) =>
        aroundBuild(
          observed.places,
          {
            build: {
              ...(command ? changes(...command) : runScript(observed.manager, script)),
              ...(folder !== '.' && { cwd: folder }),
              ...(env && { env }),
              ...(timeout && { timeout }),
            },
            record: writesRecord(build, { revision: observed.revision, command: printed }),
          },
          force,
        ),
      findings: ({ observed }) => isLeft(observed.places),
      run: (act) => performBuild(act, force ? builtAnew(builtFrom) : builtFrom, force),
      after: ({ observed }) => [finished(force ? builtAnew(builtFrom) : builtFrom, observed.places)],
      summary: ({ observed }) => `built from ${observed.revision?.slice(0, 7) ?? 'no revision'}`,
      undo: () => nothingToUndo('a rollback builds the previous revision again'),
      diagnoses: ({ step: { id, options } }) =>
        force ? [] : [oldBuild(build, () => buildApp({ ...options, id, force: true }))],
    })
    const mistake = {
      at: 'steps.build-app.force',
      expected: '`out` to be a folder of its own, which it removes',
    }
    const whole = { ...step, mistakes: force && !isOwnFolder(out, sources) ? [mistake] : [] }
    return keepingChanges(whole, folder === '.' ? out : `${folder}/${out}`)
  },
  { in: 'backend' },
)

import { z } from 'zod'
import { dependenciesInstalled } from '../checks/dependencies-installed.ts'
import { type Manager, managers, packageManager } from '../checks/reading/package-manager.ts'
import { toolPresent } from '../checks/tool-present.ts'
import {
  type Actions,
  type Command,
  changes,
  defineStep,
  early,
  factory,
  nothingToUndo,
} from '../runbook/index.ts'
import { actionsOf, findingsOf, finished, installAside, keptDependencies } from './build/kept-dependencies.ts'
import { managerPresent, otherManager } from './build/manager-present.ts'
import { incomingFile, incomingTextIfThere } from './incoming-file.ts'
import { retryOption } from './retry-option.ts'
import { variables } from './variables.ts'

/** Installs what the lock file says, and nothing else. */
export const installDependencies = factory(
  'install-dependencies',
  {
    /** Default: the application's folder. */
    in: z.string().min(1).default('.').describe("the folder of package.json; default: the application's"),
    /** Default: by the lock file. */
    manager: z
      .enum(managers)
      .optional()
      .describe('npm, pnpm, yarn or bun; default: by the lock file, else npm'),
    /** Whether development dependencies are installed: a build needs them. Default: true. */
    dev: z
      .boolean()
      .default(true)
      .describe('whether development dependencies are installed, which a build needs; default: true'),
    /** Program and arguments instead of the package manager's own. */
    command: z
      .tuple([z.string()], z.string())
      .optional()
      .describe("program and arguments, instead of the package manager's own"),
    /** Variables for the installation, such as the token of a registry. */
    env: variables.describe(
      'variables for the installation and the packages’ own scripts, such as the token of a registry',
    ),
    /** Milliseconds. Default: an hour. */
    timeout: z.int().positive().optional().describe('milliseconds; default: an hour'),
    /** Default: tried once. */
    retry: retryOption,
  },
  ({ in: folder, manager, dev, command, env, timeout, retry }) => {
    const installed = dependenciesInstalled(folder, { manager, dev, read: incomingTextIfThere })

    return defineStep({
      id: 'install-dependencies',
      title: `Install the dependencies${folder === '.' ? '' : ` of ${folder}`}`,
      about:
        'Installs exactly what the lock file says (npm ci, or what pnpm, yarn and bun call it), development ' +
        'dependencies too, whatever NODE_ENV is. Skipped when node_modules holds just that already. Proves it by ' +
        'comparing what the package manager recorded in node_modules with the lock file, and by looking at the folders. ' +
        'What was in node_modules is put aside meanwhile, and comes back where the installation fails or is interrupted; ' +
        'it is kept in .runbook-aside until the next installation, so that a rollback puts it back and needs no registry.',
      sort: 'follows',
      provenByContent: true,
      needs: () => [toolPresent('node'), ...(command ? [] : [managerPresent(folder, manager)])],
      observe: async (at) => {
        await incomingFile(at, `${folder}/package.json`)
        const locked = await packageManager(at, folder, { manager, read: incomingTextIfThere })
        const way =
          locked.manager === 'npm' && locked.lock && !command ? ('move' as const) : ('copy' as const)
        const kept = await keptDependencies(at, folder, { ...locked, dev })
        return { ...locked, installed: (await installed.look(at)).seen, way, ...kept }
      },
      before: ({ observed }) => (command ? [] : otherManager(observed.manager).map(early)),
      findings: ({ observed }) => findingsOf(observed),
      actions: ({ observed }): Actions => {
        const own = command && changes(...command)
        const install = own ?? installation(observed.manager, observed.lock !== null, dev)
        return actionsOf(observed, {
          ...install,
          ...((env || install.env) && { env: { ...install.env, ...env } }),
          ...(folder !== '.' && { cwd: folder }),
          ...(timeout && { timeout }),
          ...(retry && { retry }),
        })
      },
      run: (act) => installAside(act, installed),
      after: ({ observed }) => [finished(installed, observed.places)],
      output: async (at) => ({ installed: (await installed.look(at)).seen }),
      summary: ({ output }) => output.installed,
      undo: () =>
        nothingToUndo('a rollback puts back what the previous revision locks, or installs it again'),
    })
  },
  { in: 'backend' },
)

/** As locked, without a word about funding, and without asking the registry for advice. */
const installation = (manager: Manager, locked: boolean, dev: boolean): Command<'changes'> => {
  const frozen = locked ? ['--frozen-lockfile'] : []
  switch (manager) {
    case 'npm': {
      const what = locked ? 'ci' : 'install'
      return changes('npm', what, dev ? '--include=dev' : '--omit=dev', '--no-audit', '--no-fund')
    }
    case 'pnpm':
      // Without CI it would ask before it replaces node_modules.
      return {
        ...changes('pnpm', 'install', ...frozen, dev ? '--prod=false' : '--prod'),
        env: { CI: 'true' },
      }
    case 'yarn':
      // Its versions share no option for this.
      return {
        ...changes('yarn', 'install', ...frozen),
        env: { NODE_ENV: dev ? 'development' : 'production' },
      }
    case 'bun':
      return changes('bun', 'install', ...frozen, ...(dev ? [] : ['--production']))
  }
}

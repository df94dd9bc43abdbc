import { type Manager, packageManager } from '../../checks/reading/package-manager.ts'
import { toolPresent } from '../../checks/tool-present.ts'
import { defineCheck } from '../../runbook/index.ts'

/** The package manager that a folder belongs to is installed. Several steps ask it of one folder, and share the answer. */
export const managerPresent = (folder: string, manager?: Manager) =>
  defineCheck({
    fact: `the package manager of ${folder === '.' ? 'the application' : folder} is installed`,
    remedy: 'install the one whose lock file is there, and have its folder in PATH',
    look: async (at) => {
      const { manager: found } = manager ? { manager } : await packageManager(at, folder)
      const verdict = await toolPresent(found).look(at)
      return { ...verdict, seen: `${found} ${verdict.seen}` }
    },
  })

/** Only a revision to come can bring another one than npm that nobody has looked for yet. */
export const otherManager = (manager: Manager) => (manager === 'npm' ? [] : [toolPresent(manager)])

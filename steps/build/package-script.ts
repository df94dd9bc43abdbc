import { nearest } from '../../checks/reading/nearest.ts'
import type { Manager } from '../../checks/reading/package-manager.ts'
import { changes, defineCheck, fails, holds } from '../../runbook/index.ts'
import { incomingFile } from '../incoming-file.ts'

/** `npm run build`, with the package manager of the folder. */
export const runScript = (manager: Manager, script: string) => changes(manager, 'run', script)

/** The folder's package.json, of the revision that is to come, has the script. */
export const hasScript = (folder: string, script: string) => {
  const path = folder === '.' ? 'package.json' : `${folder}/package.json`
  return defineCheck({
    fact: `${path} has the script ${script}`,
    remedy: 'correct `script` in the book, or add it to package.json',
    look: async (at) => {
      const { text } = await incomingFile(at, path)
      const scripts = scriptsOf(text)
      if (!scripts) return fails('it is not JSON')
      const found = scripts[script]
      if (found !== undefined) return holds(found)
      const near = nearest(script, Object.keys(scripts))
      return fails(
        near
          ? `no such script; the nearest is ${near}`
          : `it has ${Object.keys(scripts).join(', ') || 'none'}`,
      )
    },
  })
}

const scriptsOf = (json: string): Record<string, string> | undefined => {
  try {
    return (JSON.parse(json) as { scripts?: Record<string, string> }).scripts ?? {}
  } catch {
    return undefined
  }
}

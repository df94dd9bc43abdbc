import { defineCheck, fails, holds, quantity } from '../runbook/index.ts'
import { disagreements, type Manifest, type PackageLock } from './reading/package-lock.ts'
import { type ReadText, workingTree } from './reading/package-manager.ts'

/**
 * The lock file of npm names the dependencies of package.json. Where it does not, `npm ci` refuses, below a page of
 * advice that hides why.
 */
export const lockFileFits = (folder: string, lock: string, read: ReadText = workingTree) =>
  defineCheck({
    fact: `${lock}${folder === '.' ? '' : ` of ${folder}`} fits package.json`,
    remedy: `npm install where the code is written, and commit ${lock}`,
    look: async (at) => {
      const [manifest, locked] = await Promise.all(
        ['package.json', lock].map(async (file) => parsed(await read(at, `${folder}/${file}`))),
      )
      if (!manifest || !locked) return fails(`${manifest ? lock : 'package.json'} is not JSON`)
      if (!locked.packages) return holds('of an old format, which npm itself compares')
      const apart = disagreements(manifest, locked)
      if (apart.length)
        return fails(`they disagree on ${apart.slice(0, 5).join(', ')}${apart.length > 5 ? ', …' : ''}`)
      return holds(quantity(Object.keys(locked.packages).length - 1, 'package'))
    },
  })

const parsed = (json = ''): (Manifest & PackageLock) | undefined => {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}

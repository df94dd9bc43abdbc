import {
  type Act,
  type Actions,
  changes,
  defineCheck,
  fails,
  given,
  type Look,
  type Planned,
  reads,
} from '../../runbook/index.ts'
import type { builtFromRevision } from './build-record.ts'

/** Whatever is built already, done is only what this run has built. */
export const builtAnew = (builtFrom: ReturnType<typeof builtFromRevision>) =>
  defineCheck({
    ...builtFrom,
    look: async (at) =>
      at.performed('build') ? builtFrom.look(at) : fails('it is built anew, whatever is there'),
  })

/** Where what was built is put meanwhile, so that a build that fails leaves what there was. Git does not see it there. */
const CACHE = 'node_modules/.cache/runbook'

export const isBuilt = async ({ attempt }: Look, folder: string, out: string): Promise<boolean> =>
  (await attempt({ ...reads('test', '-e', out), ...inFolder(folder) })).ok

const inFolder = (folder: string) => (folder === '.' ? {} : { cwd: folder })

/** What a plan shows in the place of what is put back. */
const FAILED = 'what was built, where this build fails'

/** Around a build: nothing of what was built before stays. `there`: whether there is anything. */
export const withoutOld = (
  build: Record<'build' | 'record', Planned>,
  { folder, out, there }: { folder: string; out: string; there: boolean },
): Actions => {
  if (!there) return build
  const aside = `${CACHE}/before-build`
  const at = (program: string, ...args: string[]) => ({
    ...changes(program, ...args),
    ...inFolder(folder),
  })
  const clearFailed = given([FAILED], (path) => at('rm', '-rf', '--', path[FAILED]))
  const back = given([FAILED], (path) => at('mv', '--', aside, path[FAILED]))
  return {
    // One that a killed attempt has left.
    clear: at('rm', '-rf', '--', aside),
    cache: at('mkdir', '-p', '--', CACHE),
    aside: at('mv', '--', out, aside),
    ...build,
    remove: at('rm', '-rf', '--', aside),
    clearFailed,
    back,
  }
}

/** Performs it; where the build fails, what was there before is put back. */
export const buildAnew = async (
  { perform, cleanUp, observed }: Act<any, any>,
  out: string,
): Promise<void> => {
  if (observed.there) {
    await perform('clear')
    await perform('cache')
    await perform('aside')
  }
  try {
    await perform('build')
  } catch (error) {
    if (observed.there) {
      await cleanUp('clearFailed', { [FAILED]: out })
      await cleanUp('back', { [FAILED]: out })
    }
    throw error
  }
  await perform('record')
  if (observed.there) await perform('remove')
}

/** A folder of its own below the one of package.json: nothing else may go with it. */
export const isOwnFolder = (out: string, sources: readonly string[]): boolean => {
  const parts = out.split('/').filter((part) => part !== '' && part !== '.')
  const path = parts.join('/')
  return (
    !out.startsWith('/') &&
    parts.length > 0 &&
    !parts.includes('..') &&
    !sources.some((source) => source === path || source.startsWith(`${path}/`))
  )
}

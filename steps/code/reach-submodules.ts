import { oneLine } from '../../checks/reading/one-line.ts'
import { reasonOf } from '../../checks/reading/remote-branches.ts'
import { quoted } from '../../checks/reading/store-of-look.ts'
import { isSeenTo, ownSettings, type Submodule, submodulesOf } from '../../checks/reading/submodules.ts'
import { type Failure, type Look, reads, typed } from '../../runbook/index.ts'
import { relativeUrl } from './relative-url.ts'

/** How long a submodule's remote may take to hand over a commit. Milliseconds. */
const PATIENCE = 300_000

export type Reached = {
  /** From the top of the clone. */
  readonly path: string
  readonly id: string
} & (
  | { readonly found: true; readonly env: Record<string, string> }
  | { readonly found: false; readonly why: string; readonly remedy: string }
)

interface Parent {
  /** Where its commands run. */
  cwd: string
  /** With what git reads its objects. */
  env: Record<string, string>
  /** The address of its remote. */
  base: string
  /** From the top of the clone, with a slash at its end. */
  prefix?: string
  /** The folder that keeps its repository; undefined where it is not cloned yet. */
  gitDir?: string | undefined
}

/**
 * The submodules that `git submodule update --init --recursive` would see to, each with whether its commit is there or can
 * be fetched, into a folder of the look's own.
 */
export const reachSubmodules = async (at: Look, revision: string, parent: Parent): Promise<Reached[]> => {
  const { cwd, env, prefix = '' } = parent
  const all = await submodulesOf(at, revision, { cwd, env })
  if (!all.length) return []
  const mapped = all.some(({ name }) => name !== undefined)
  // Without .gitmodules the folders stay empty, as git leaves them.
  if (!mapped) return []
  const top = prefix === ''
  const gitDir = top
    ? await at.see({ ...reads('git', 'rev-parse', '--path-format=absolute', '--git-common-dir'), cwd })
    : parent.gitDir
  const own = gitDir ? await ownSettings(at, { cwd, env: top ? {} : { GIT_DIR: gitDir } }) : noSettings
  const reached: Reached[] = []
  for (const one of all.filter((one) => isSeenTo(one, own))) {
    const path = `${prefix}${one.path}`
    const { id, name } = one
    if (name === undefined || !one.url) {
      reached.push({ path, id, found: false, ...unmapped(path) })
      continue
    }
    const set = own.settings.get(name)?.url
    const url = set && !(await isReaddressed(at, one, set, parent)) ? set : relativeUrl(one.url, parent.base)
    const kept = gitDir && `${gitDir}/modules/${name}`
    const there =
      kept && (await at.attempt({ ...reads('test', '-e', `${kept}/HEAD`), cwd })).ok ? kept : undefined
    const got = await commitOf(at, { cwd, url, id, gitDir: there })
    if ('failure' in got) {
      reached.push({ path, id, found: false, ...missing(path, id, url, got.failure) })
      continue
    }
    reached.push({ path, id, found: true, env: got.env })
    reached.push(
      ...(await reachSubmodules(at, id, { cwd, env: got.env, base: url, prefix: `${path}/`, gitDir: there })),
    )
  }
  return reached
}

const noSettings = { settings: new Map<string, Record<string, string>>(), chosen: false }

export const missingIn = (reached: readonly Reached[]) => reached.flatMap((one) => (one.found ? [] : [one]))

/** Where .gitmodules names another address than it did, the clone's is set to it: see `incomingSubmodules`. */
const isReaddressed = async (
  at: Look,
  { name, url }: Submodule,
  set: string,
  { cwd, base, prefix }: Parent,
): Promise<boolean> => {
  if (prefix) return false
  const now = await at.attempt({
    ...reads('git', 'config', '--blob', 'HEAD:.gitmodules', `submodule.${name}.url`),
    cwd,
  })
  return now.ok && now.value !== url && set !== relativeUrl(url, base)
}

/** Submodules may not be cloned from a folder of this machine, unless git is set to allow it. */
const AS_GIT_DOES = { GIT_PROTOCOL_FROM_USER: '0' }

const commitOf = async (
  at: Look,
  { cwd, url, id, gitDir }: { cwd: string; url: string; id: string; gitDir: string | undefined },
): Promise<{ env: Record<string, string> } | { failure: Failure }> => {
  const store = `${await at.scratch()}/submodule-${++count}`
  const env = gitDir
    ? {
        GIT_DIR: gitDir,
        GIT_OBJECT_DIRECTORY: store,
        GIT_ALTERNATE_OBJECT_DIRECTORIES: quoted(`${gitDir}/objects`),
      }
    : { GIT_DIR: store }
  const git = (...args: string[]) => ({ ...reads('git', ...args), cwd, env: { ...env, ...AS_GIT_DOES } })
  const has = async () => (await at.attempt(git('cat-file', '-e', `${id}^{commit}`))).ok
  if (gitDir) {
    await at.see({ ...reads('mkdir', '-p', store), cwd })
    if (await has()) return { env }
  } else await at.see({ ...reads('git', 'init', '--quiet', '--bare', '--template=', store), cwd })
  const fetch = async (...what: string[]) => {
    const dry = gitDir ? ['--dry-run'] : []
    const asked = await at.attempt({
      ...git('fetch', '--quiet', '--no-tags', '--no-auto-gc', '--no-recurse-submodules', ...dry, ...what),
      timeout: PATIENCE,
    })
    // What was asked before it is asked anew.
    await at.sleep(0)
    return asked
  }
  const one = await fetch(...(gitDir ? [] : ['--depth=1']), url, id)
  if (one.ok && (await has())) return { env }
  // Not every server hands a commit over by its id.
  const all = await fetch(url, '+refs/heads/*:refs/runbook/heads/*', '+refs/tags/*:refs/runbook/tags/*')
  if (await has()) return { env }
  return { failure: all.ok && !one.ok ? one.failure : all.ok ? noSuchCommit : all.failure }
}
/** Several looks may be under way at once. */
let count = 0

const noSuchCommit: Failure = {
  kind: 'command-failed',
  printed: 'git fetch',
  exit: 1,
  tail: 'it has no such commit',
}

const unmapped = (path: string) => ({
  why: `the submodule ${oneLine(path)} has no address in .gitmodules`,
  remedy: typed`git submodule add ‹address› ${path}, or git rm --cached ${path}, and push that`,
})

const missing = (path: string, id: string, url: string, failure: Failure) => ({
  why: `the commit ${id.slice(0, 7)} of the submodule ${oneLine(path)} cannot be had from ${oneLine(url, 120)}: ${reasonOf(failure, PATIENCE)}`,
  remedy: typed`push it, from where it was made: git -C ${path} push; or, where it cannot be reached: git ls-remote ${url}`,
})

import { storeOfLook } from '../../checks/reading/store-of-look.ts'
import { type Look, reads, unmet } from '../../runbook/index.ts'

/** How long a remote may take to hand over what it has. Milliseconds. */
const PATIENCE = 300_000

/**
 * The variables under which git reads `commit` although the clone does not have it yet. What is missing is fetched
 * into the scratch folder, which git takes for its object store, with the clone's own store behind it: a plan leaves
 * the clone as it was, to the byte. The fetch is dry, so that no ref, FETCH_HEAD or hook comes into it. `source`: what else of the remote has the commit, such as its branch.
 */
export const incomingObjects = async (
  at: Look,
  commit: string,
  remotes?: readonly string[],
  source?: string,
): Promise<Record<string, string>> => {
  const scratch = await at.scratch()
  const known = ready.get(`${scratch} ${commit}`)
  if (known) return known
  const variables = await made(at, commit, remotes, source)
  ready.set(`${scratch} ${commit}`, variables)
  return variables
}

/** A run asks for many files of one commit. */
const ready = new Map<string, Record<string, string>>()

const made = async (at: Look, commit: string, remotes?: readonly string[], source = commit) => {
  const variables = await storeOfLook(at)
  const known = await at.attempt({ ...reads('git', 'cat-file', '-e', `${commit}^{commit}`), env: variables })
  if (known.ok) return variables
  const from = remotes ?? (await at.see(reads('git', 'remote'))).split('\n').sort(originFirst)
  let last = 'it has no remote'
  // Not every server hands a commit over by its id.
  for (const remote of from)
    for (const asked of new Set([commit, source])) {
      const fetched = await at.attempt({ ...fetchOnly(remote, asked), env: variables, timeout: PATIENCE })
      if (fetched.ok) return variables
      last = 'tail' in fetched.failure ? (fetched.failure.tail ?? '') : fetched.failure.kind
    }
  throw unmet(
    `the commit ${commit.slice(0, 7)} can be had from ${from.join(' or ') || 'a remote'}`,
    last,
    'git fetch --dry-run, and see what it says',
  )
}

const fetchOnly = (remote: string, commit: string) =>
  reads(
    'git',
    ...['-c', 'core.hooksPath=/dev/null', 'fetch', '--dry-run', '--quiet'],
    ...['--no-tags', '--no-auto-gc', '--no-recurse-submodules', remote, commit],
  )

const originFirst = (a: string, b: string): number => Number(b === 'origin') - Number(a === 'origin')

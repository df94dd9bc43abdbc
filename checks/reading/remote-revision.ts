import { type Look, reads, typed } from '../../runbook/index.ts'
import { nearest } from './nearest.ts'
import { oneLine } from './one-line.ts'
import { reasonOf } from './remote-branches.ts'

/** How long a remote may take to say what it has, and to hand it over. Milliseconds. */
const TO_SAY = 30_000
const TO_HAND_OVER = 300_000

export type ResolvedRevision =
  /** `what`: 'the tag v1.4.2'. `source`: what a fetch asks the remote for. */
  { ok: true; commit: string; what: string; source: string } | { ok: false; seen: string; remedy: string }

/**
 * The commit that a tag, a branch or a commit id means, by the remote: what it does not have was reviewed by nobody. A
 * name of this clone alone never counts. `env`: the variables under which git puts what it fetches into a folder of the
 * look's own, and reads it there.
 */
export const remoteRevision = async (
  at: Look,
  remote: string,
  name: string,
  env: Record<string, string>,
): Promise<ResolvedRevision> => {
  const asked = await at.attempt({ ...reads('git', 'ls-remote', '--quiet', remote), timeout: TO_SAY })
  if (!asked.ok)
    return { ok: false, seen: reasonOf(asked.failure, TO_SAY), remedy: typed`git ls-remote ${remote}` }
  const refs = new Map(
    asked.value.split('\n').flatMap((line) => {
      const [id, ref] = line.split('\t')
      return id && ref ? [[ref, id] as const] : []
    }),
  )
  const whole = isFullId(name)
  const named = whole ? [] : namesOf(name).filter((ref) => refs.has(ref))
  const commits = new Set(named.map((ref) => peeled(refs, ref)))
  if (commits.size > 1)
    return {
      ok: false,
      seen: `${remote} has a tag and a branch of this name, at ${[...commits].map((id) => id.slice(0, 7)).join(' and ')}`,
      remedy: `name the one that is meant: ${named.join(' or ')}`,
    }
  const [ref] = named
  if (ref) return { ok: true, commit: peeled(refs, ref), what: titleOf(ref), source: ref }
  if (whole || isShortId(name)) return commitById(at, { remote, name, refs, env })
  return { ok: false, ...unknownName(remote, name, [...refs.keys()]) }
}

interface Asked {
  remote: string
  name: string
  refs: ReadonlyMap<string, string>
  env: Record<string, string>
}

const commitById = async (at: Look, asked: Asked): Promise<ResolvedRevision> => {
  const { remote, name, env } = asked
  const found = (commit: string): ResolvedRevision => ({
    ...{ ok: true, commit, what: `the commit ${commit.slice(0, 7)}`, source: commit },
  })
  const here = await commitsLike(at, name, env)
  if (here.length === 1 && (await isOfRemote(at, here[0]!, asked))) return found(here[0]!)
  // Of a shallow clone the history between a branch and the commit may be missing.
  const shallow = (await at.see(reads('git', 'rev-parse', '--is-shallow-repository'))) === 'true'
  if (here.length === 1 && shallow) return found(here[0]!)
  // Which the remote hands over by its id it has, on whatever branch.
  if (isFullId(name) && !here.length && (await fetched(at, [remote, name], env)).ok) {
    const [commit] = await commitsLike(at, name, env)
    if (commit) return found(commit)
  }
  const all = [remote, '+refs/heads/*:refs/runbook/heads/*', '+refs/tags/*:refs/runbook/tags/*']
  const brought = await fetched(at, all, env)
  if (!brought.ok)
    return {
      ok: false,
      seen: reasonOf(brought.failure, TO_HAND_OVER),
      remedy: typed`git fetch --dry-run ${remote}, and see what it says`,
    }
  const there = await commitsLike(at, name, env)
  const ofRemote: string[] = []
  for (const commit of there) if (await isOfRemote(at, commit, asked)) ofRemote.push(commit)
  if (ofRemote.length > 1)
    return {
      ok: false,
      seen: `${ofRemote.length} commits begin so: ${ofRemote.slice(0, 4).join(', ')}`,
      remedy: 'give more of its digits',
    }
  const [commit] = ofRemote
  if (commit) return found(commit)
  if (there.length)
    return {
      ok: false,
      seen: `the clone has the commit, and no branch or tag of ${remote} does`,
      remedy: typed`push it, so that it is reviewed: git push ${remote} ${there[0]!}:refs/heads/‹branch›`,
    }
  return {
    ok: false,
    seen: `neither the clone nor a branch or tag of ${remote} has such a commit`,
    remedy: isFullId(name)
      ? 'name a tag or a commit that was pushed'
      : 'name a tag or a commit that was pushed; of a commit that only a full history has, give the whole id',
  }
}

/** The commits whose id begins so. git would take a branch of that name for it. */
const commitsLike = async (at: Look, name: string, env: Record<string, string>): Promise<string[]> => {
  const listed = await at.attempt({ ...reads('git', 'rev-parse', `--disambiguate=${name}`), env })
  if (!listed.ok || !listed.value) return []
  return known(at, listed.value.split('\n'), env)
}

const known = async (at: Look, ids: readonly string[], env: Record<string, string>): Promise<string[]> => {
  const kinds = await at.see({
    ...reads('git', 'cat-file', '--batch-check'),
    env,
    input: `${ids.join('\n')}\n`,
  })
  return kinds.split('\n').flatMap((line) => {
    const [id = '', kind] = line.split(' ')
    return kind === 'commit' ? [id] : []
  })
}

/** Whether a branch or a tag of the remote has the commit in its history, as far as those are known here. */
const isOfRemote = async (at: Look, commit: string, { refs, env }: Asked): Promise<boolean> => {
  const tips = await known(at, [...new Set(refs.values())], env)
  if (!tips.length) return false
  const input = [commit, ...tips.map((tip) => `^${tip}`), ''].join('\n')
  const left = await at.see({ ...reads('git', 'rev-list', '--max-count=1', '--stdin'), env, input })
  return left === ''
}

const fetched = async (at: Look, what: readonly string[], env: Record<string, string>) => {
  const asked = await at.attempt({
    ...reads(
      ...(['git', '-c', 'core.hooksPath=/dev/null', 'fetch', '--dry-run', '--quiet'] as const),
      ...['--no-tags', '--no-auto-gc', '--no-recurse-submodules', ...what],
    ),
    env,
    timeout: TO_HAND_OVER,
  })
  // What was asked before it is asked anew.
  await at.sleep(0)
  return asked
}

const isFullId = (name: string): boolean => /^([0-9a-f]{40}|[0-9a-f]{64})$/i.test(name)
const isShortId = (name: string): boolean => /^[0-9a-f]{7,63}$/i.test(name)

const namesOf = (name: string): string[] =>
  name.startsWith('refs/') ? [name] : [`refs/tags/${name}`, `refs/heads/${name}`]

/** An annotated tag is an object of its own; what it marks stands beside it. */
const peeled = (refs: ReadonlyMap<string, string>, ref: string): string =>
  refs.get(`${ref}^{}`) ?? refs.get(ref)!

const titleOf = (ref: string): string =>
  ref
    .replace(/^refs\/tags\//, 'the tag ')
    .replace(/^refs\/heads\//, 'the branch ')
    .replace(/^refs\//, 'refs/')

const unknownName = (remote: string, name: string, refs: readonly string[]) => {
  const names = refs.flatMap((ref) => /^refs\/(?:tags|heads)\/(.*[^}])$/.exec(ref)?.[1] ?? [])
  const near = nearest(name, names)
  const short = /^[0-9a-f]{4,6}$/i.test(name) ? '; of a commit give at least seven digits' : ''
  return {
    seen: `${remote} has no tag and no branch of this name${near ? `, but ${oneLine(near)}` : ''}${short}`,
    remedy: near
      ? `did you mean ${oneLine(near)}? Otherwise push the tag: ${typed`git push ${remote}`} ‹tag›`
      : typed`push it: git push ${remote} ‹tag›; what there is: git ls-remote --tags --heads ${remote}`,
  }
}

import { submodulesOf } from '../../checks/reading/submodules.ts'
import { type Look, type Revision, reads } from '../../runbook/index.ts'
import { isUntouched } from './leftovers.ts'

/** What a move of the code means for submodules. `env`: where git finds the incoming revision. */
export const incomingSubmodules = async (at: Look, { from, to }: Revision, env: Record<string, string>) => {
  const cwd = await at.see(reads('git', 'rev-parse', '--show-toplevel'))
  const has = async (revision: string) =>
    (await at.attempt({ ...reads('git', 'cat-file', '-e', `${revision}:.gitmodules`), cwd, env })).ok
  const [before, after] = [await has(from), await has(to)]
  if (!before && !after) return { any: false, top: cwd, added: [], readdressed: [], stale: [], left: [] }
  const [old, fresh] = [await submodulesOf(at, from, { cwd, env }), await submodulesOf(at, to, { cwd, env })]
  const oldBy = new Map(old.map((one) => [one.name ?? one.path, one]))
  const freshPaths = new Set(fresh.map(({ path }) => path))
  const oldPaths = new Set(old.map(({ path }) => path))
  const stale: string[] = []
  const left: string[] = []
  for (const { path, id } of old.filter(({ path }) => !freshPaths.has(path))) {
    const folder = `${cwd}/${path}`
    if (await isUntouched(at, folder, id)) stale.push(path)
    else if (await hasFiles(at, folder)) left.push(path)
  }
  return {
    any: true,
    top: cwd,
    /** Paths, from the top of the clone. */
    added: fresh.flatMap(({ path }) => (oldPaths.has(path) ? [] : [path])),
    /** Those that the incoming revision has elsewhere, or not at all: git leaves their folders. */
    stale,
    /** Those of them in which something is that no commit has. */
    left,
    /** Those of which .gitmodules names another address: one that an operator has set for this clone stays otherwise. */
    readdressed: fresh.flatMap(({ path, name, url }) => {
      const before = oldBy.get(name ?? path)
      return before && before.url !== url ? [path] : []
    }),
  }
}

const hasFiles = async ({ attempt }: Look, folder: string): Promise<boolean> => {
  const listed = await attempt({ ...reads('ls', '-A', '--', folder), cwd: '/' })
  return listed.ok && listed.value !== ''
}

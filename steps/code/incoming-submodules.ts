import { isSubmodule, treeChanges } from '../../checks/reading/tree-changes.ts'
import { type Look, type Revision, reads } from '../../runbook/index.ts'

/** What a move of the code means for submodules. `env`: where git finds the incoming revision. */
export const incomingSubmodules = async (at: Look, { from, to }: Revision, env: Record<string, string>) => {
  const cwd = await at.see(reads('git', 'rev-parse', '--show-toplevel'))
  const has = async (revision: string) =>
    (await at.attempt({ ...reads('git', 'cat-file', '-e', `${revision}:.gitmodules`), cwd, env })).ok
  const [before, after] = [await has(from), await has(to)]
  if (!before && !after) return { any: false, added: [], readdressed: [] }
  const changes = await treeChanges(at, { cwd, from, to, env })
  const [old, fresh] = [
    before ? await addressesIn(at, from, cwd, env) : new Map<string, string>(),
    after ? await addressesIn(at, to, cwd, env) : new Map<string, string>(),
  ]
  return {
    any: true,
    /** Paths, from the top of the clone. */
    added: changes.flatMap(({ path, from, to }) => (isSubmodule(to) && !isSubmodule(from) ? [path] : [])),
    /** Those of which .gitmodules names another address: one that an operator has set for this clone stays otherwise. */
    readdressed: [...fresh].flatMap(([path, url]) => (old.has(path) && old.get(path) !== url ? [path] : [])),
  }
}

/** The address of each submodule, by its path. */
const addressesIn = async (
  at: Look,
  revision: string,
  cwd: string,
  env: Record<string, string>,
): Promise<Map<string, string>> => {
  const read = await at.attempt({
    ...reads('git', 'config', '--blob', `${revision}:.gitmodules`, '-z', '--list'),
    cwd,
    env,
  })
  const settings = read.ok ? read.value.split('\0').map((line) => line.split('\n')) : []
  const values = (key: string) =>
    new Map(
      settings.flatMap(([name = '', ...value]) =>
        name.startsWith('submodule.') && name.endsWith(`.${key}`)
          ? [[name.slice('submodule.'.length, -key.length - 1), value.join('\n')] as const]
          : [],
      ),
    )
  const urls = values('url')
  return new Map([...values('path')].map(([name, path]) => [path, urls.get(name) ?? '']))
}

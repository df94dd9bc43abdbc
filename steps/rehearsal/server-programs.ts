import { type Look, reads } from '../../runbook/index.ts'

/** The programs of a PostgreSQL server that are installed here. JSON: it is observed. */
export type ServerPrograms = {
  /** Their folder. */
  folder: string
  version: number
  /** As whom they run where the operator is root, which they refuse. */
  user: string | null
}

/** Those of the same major version, or of the next that there is: an older server does not understand a newer dump. */
export const serverPrograms = async (
  { attempt }: Pick<Look, 'attempt'>,
  version: number,
): Promise<ServerPrograms | undefined> => {
  const [own, found] = [
    await attempt(reads('pg_config', '--bindir')),
    await attempt({ ...reads('find', '/usr/lib/postgresql', '-maxdepth', '3', '-name', 'initdb'), cwd: '/' }),
  ]
  const folders = new Set([
    ...(found.ok && found.value ? found.value.split('\n').map((path) => path.replace(/\/initdb$/, '')) : []),
    ...(own.ok ? [own.value] : []),
  ])
  const usable: { folder: string; version: number }[] = []
  for (const folder of folders) {
    const said = await attempt(reads(`${folder}/initdb`, '--version'))
    const is = said.ok ? Number(/\(PostgreSQL\) (\d+)/.exec(said.value)?.[1]) : 0
    if (is >= version) usable.push({ folder, version: is })
  }
  const [best] = usable.sort((a, b) => a.version - b.version)
  if (!best) return undefined
  const me = await attempt(reads('id', '-u'))
  if (!me.ok || me.value !== '0') return { ...best, user: null }
  const postgres = await attempt(reads('id', '-u', 'postgres'))
  return { ...best, user: postgres.ok ? 'postgres' : 'nobody' }
}

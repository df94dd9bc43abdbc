import { type Look, reads } from '../../runbook/index.ts'

/** A submodule, as a revision has it. */
export interface Submodule {
  /** From the top of its parent. */
  readonly path: string
  /** What git knows it by, wherever it is moved to; undefined where .gitmodules does not know the path. */
  readonly name: string | undefined
  /** As .gitmodules has it: it may be relative. */
  readonly url: string
  /** `none`: git leaves it alone. */
  readonly update: string
  /** The commit. */
  readonly id: string
}

/** Where git reads: in which folder, and with which variables. */
export interface GitAt {
  readonly cwd: string
  readonly env?: Record<string, string>
}

/** The submodules of a revision; not those in them. `cwd`: the top of a working tree, or anywhere with `GIT_DIR`. */
export const submodulesOf = async (
  at: Look,
  revision: string,
  { cwd, env = {} }: GitAt,
): Promise<Submodule[]> => {
  const git = (...args: string[]) => ({ ...reads('git', ...args), cwd, env })
  const listed = await at.see(git('ls-tree', '-r', '-z', '--full-tree', revision))
  const links = listed.split('\0').flatMap((line) => {
    const [, id, path] = /^160000 commit ([0-9a-f]+)\t(.*)$/s.exec(line) ?? []
    return id && path !== undefined ? [{ id, path }] : []
  })
  if (!links.length) return []
  const read = await at.attempt(git('config', '--blob', `${revision}:.gitmodules`, '-z', '--list'))
  const settings = settingsOf(read.ok ? read.value : '')
  return links.map(({ id, path }) => {
    const name = [...settings].find(([, { path: own }]) => own === path)?.[0]
    const { url = '', update = '' } = settings.get(name ?? '') ?? {}
    return { path, name, url, update, id }
  })
}

/** What git's settings say of each submodule, by its name; `printed`: by `git config -z`. */
export const settingsOf = (printed: string): Map<string, Record<string, string>> => {
  const settings = new Map<string, Record<string, string>>()
  for (const line of printed.split('\0')) {
    const [, name, key, value = ''] = /^submodule\.([^\n]+)\.(\w+)(?:\n(.*))?$/s.exec(line) ?? []
    if (name && key) settings.set(name, { ...settings.get(name), [key.toLowerCase()]: value })
  }
  return settings
}

/** What a clone says of its submodules, by their names. */
export const ownSettings = async (at: Look, { cwd, env = {} }: GitAt) => {
  const read = await at.attempt({
    ...reads('git', 'config', '-z', '--get-regexp', String.raw`^submodule\.`),
    cwd,
    env,
  })
  const printed = read.ok ? read.value : ''
  return {
    settings: settingsOf(printed),
    chosen: printed.split('\0').some((line) => /^submodule\.active\n/.test(line)),
  }
}

/** Whether `git submodule update --init` sees to it. */
export const isSeenTo = (
  { name, update }: Submodule,
  { settings, chosen }: Awaited<ReturnType<typeof ownSettings>>,
): boolean => {
  const own = settings.get(name ?? '')
  if ((own?.update ?? update) === 'none' || own?.active === 'false') return false
  return !chosen || own?.url !== undefined || own?.active === 'true'
}

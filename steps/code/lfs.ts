import { oneLine } from '../../checks/reading/one-line.ts'
import { sha256OfEach } from '../../checks/reading/sha256.ts'
import { treeChanges } from '../../checks/reading/tree-changes.ts'
import { defineCheck, fails, holds, type Look, quantity, reads, typed } from '../../runbook/index.ts'

/** A file of which git has a pointer only, and Git LFS the content. */
export interface LfsFile {
  readonly path: string
  /** SHA-256 of the content, in hex. */
  readonly oid: string
}

/** Where git reads: in which folder, and with which variables. */
export interface At {
  readonly cwd: string
  readonly env?: Record<string, string>
}

/** https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md */
const POINTER =
  /^([0-9a-f]{40,64}) blob \d+\nversion https:\/\/git-lfs\.github\.com\/spec\/v1\n(?:ext-.*\n)*oid sha256:([0-9a-f]{64})\nsize \d+$/gm
/** A pointer is smaller than this. Bytes. */
const SMALL = 1024

/** The files of a revision that are in Git LFS. By its own attributes, and not by those of what is checked out. */
export const lfsFilesIn = async (at: Look, revision: string, { cwd, env = {} }: At): Promise<LfsFile[]> => {
  const git = (...args: string[]) => ({ ...reads('git', ...args), cwd, env })
  // Of most repositories one command says that there are none.
  const named = await at.attempt(
    git('grep', '-q', '-F', '-e', 'filter=lfs', revision, '--', ':(top,glob)**/.gitattributes'),
  )
  if (!named.ok && !(await setForClone(at, { cwd, env }))) return []
  count += 1
  const index = { ...env, GIT_INDEX_FILE: `${await at.scratch()}/lfs-${count}` }
  const inIndex = (...args: string[]) => ({ ...git(...args), env: index })
  await at.see(inIndex('read-tree', revision))
  const staged = await at.see(inIndex('ls-files', '--stage', '-z'))
  const files = new Map(
    staged.split('\0').flatMap((line) => {
      const [, id, path] = /^100\d{3} ([0-9a-f]+) 0\t(.*)$/s.exec(line) ?? []
      return id && path !== undefined ? [[path, id] as const] : []
    }),
  )
  const asked = {
    ...inIndex('check-attr', '--cached', '-z', '--stdin', 'filter'),
    input: listed([...files.keys()]),
  }
  const told = (await at.see(asked)).split('\0')
  const ids = new Map<string, string>()
  for (let i = 0; i + 2 < told.length; i += 3)
    if (told[i + 2] === 'lfs') ids.set(told[i]!, files.get(told[i]!)!)
  if (!ids.size) return []
  const oids = await pointersOf(at, [...new Set(ids.values())], { cwd, env })
  return [...ids].flatMap(([path, id]) => {
    const oid = oids.get(id)
    return oid ? [{ path, oid }] : []
  })
}
/** Several looks may be under way at once. */
let count = 0

const listed = (paths: readonly string[]): string => paths.map((path) => `${path}\0`).join('')

const setForClone = async (at: Look, { cwd, env = {} }: At): Promise<boolean> => {
  const path = await at.see({ ...reads('git', 'rev-parse', '--git-path', 'info/attributes'), cwd, env })
  return (await at.attempt({ ...reads('grep', '-q', 'filter=lfs', '--', path), cwd })).ok
}

/** What was committed as it is, in spite of the attribute, has none. */
const pointersOf = async (
  at: Look,
  ids: readonly string[],
  { cwd, env = {} }: At,
): Promise<Map<string, string>> => {
  const git = (...args: string[]) => ({ ...reads('git', ...args), cwd, env })
  const sizes = await at.see({
    ...git('cat-file', '--batch-check=%(objectname) %(objectsize)'),
    input: `${ids.join('\n')}\n`,
  })
  const small = sizes.split('\n').flatMap((line) => {
    const [id = '', size] = line.split(' ')
    return id && Number(size) < SMALL ? [id] : []
  })
  if (!small.length) return new Map()
  const contents = await at.see({ ...git('cat-file', '--batch'), input: `${small.join('\n')}\n` })
  return new Map([...contents.matchAll(POINTER)].map(([, id = '', oid = '']) => [id, oid]))
}

/** Whether git gets contents from Git LFS here, and what is to be done where not. */
export const lfsReady = async (
  at: Look,
  cwd: string,
): Promise<{ seen: string; remedy: string } | undefined> => {
  const program = await at.attempt({ ...reads('git', 'lfs', 'version'), cwd })
  if (!program.ok)
    return {
      seen: 'git-lfs is not installed: git would check out pointers of 130 bytes, or stop in the middle',
      remedy: typed`install git-lfs, then: git -C ${cwd} lfs install --local`,
    }
  // With one of the two git asks it for contents when it checks out, and for pointers when it compares.
  for (const names of [['filter.lfs.process'], ['filter.lfs.smudge', 'filter.lfs.clean']]) {
    const set = await Promise.all(names.map((name) => at.attempt({ ...reads('git', 'config', name), cwd })))
    if (set.every((one) => one.ok && one.value.trim())) return undefined
  }
  return {
    seen: 'git-lfs is installed, and git is not set to use it',
    remedy: typed`git -C ${cwd} lfs install --local`,
  }
}

const UNFILLED = `
xargs -0 sh -c 'for f; do test -f "./$f" && find "./$f" -prune -type f -size -${SMALL}c -print0; done; exit 0' sh |
  xargs -0 sh -c 'test $# -eq 0 || grep -l -Z -e "^version https://git-lfs.github.com/spec/v1" -- "$@"; exit 0' sh`.trim()

/** Each file in Git LFS has its content. `from`: of what differs from that revision each content is read and compared. */
export const lfsFilled = (revision: string, from: string) =>
  defineCheck({
    fact: 'each file in Git LFS has its content',
    remedy: 'git lfs pull, and see what it says',
    look: async (at) => {
      const cwd = await at.see(reads('git', 'rev-parse', '--show-toplevel'))
      const trees = [{ cwd, revision, from }, ...(await submoduleTrees(at, cwd))]
      const all = { files: 0, proven: 0, left: 0 }
      for (const tree of trees) {
        const files = await lfsFilesIn(at, tree.revision, tree)
        if (!files.length) continue
        const unfilled = await pointersLeft(at, files, tree.cwd)
        const why = unfilled.length ? await leftOutBy(at, tree.cwd) : undefined
        if (unfilled.length && why === undefined) {
          const named = unfilled.map((path) => oneLine(inClone(cwd, tree.cwd, path)))
          return fails(
            `${quantity(named.length, 'file')} of ${files.length} ${named.length === 1 ? 'is' : 'are'} still a pointer: ${named.slice(0, 5).join(', ')}`,
            { tail: named.slice(0, 40).join('\n') },
          )
        }
        const changed = new Set(
          (await treeChanges(at, { cwd: tree.cwd, from: tree.from, to: tree.revision })).map(
            ({ path }) => path,
          ),
        )
        const left = new Set(unfilled)
        const read = files.filter(({ path }) => changed.has(path) && !left.has(path))
        const other = await othersThan(at, read, tree.cwd)
        if (other.length)
          return fails(
            `${quantity(other.length, 'file')} with another content: ${other
              .slice(0, 5)
              .map((path) => oneLine(inClone(cwd, tree.cwd, path)))
              .join(', ')}`,
          )
        all.files += files.length
        all.proven += read.length
        all.left += left.size
      }
      if (!all.files) return holds('none is in Git LFS')
      return holds(
        `${quantity(all.files, 'file')}, ${all.proven} of them read, with the sha256 of ${all.proven === 1 ? 'its pointer' : 'their pointers'}` +
          (all.left ? `; ${all.left} left as pointers by lfs.fetchinclude or lfs.fetchexclude` : ''),
      )
    },
  })

const inClone = (top: string, folder: string, path: string): string =>
  folder === top ? path : `${folder.slice(top.length + 1)}/${path}`

/** Every submodule that is there, at any depth, as its own repository has it. */
const submoduleTrees = async (at: Look, top: string) => {
  if (!(await at.attempt({ ...reads('test', '-e', '.gitmodules'), cwd: top })).ok) return []
  const status = await at.see({ ...reads('git', 'submodule', 'status', '--recursive'), cwd: top })
  return status.split('\n').flatMap((line) => {
    const [, id, path] = /^[ +]?([0-9a-f]{40,64}) (.*?)(?: \([^)]*\))?$/.exec(line) ?? []
    return id && path ? [{ cwd: `${top}/${path}`, revision: id, from: id }] : []
  })
}

const pointersLeft = async (at: Look, files: readonly LfsFile[], cwd: string): Promise<string[]> => {
  const input = listed(files.map(({ path }) => path))
  const found = await at.see({ ...reads('sh', '-c', UNFILLED), cwd, input })
  return found
    .split('\0')
    .filter(Boolean)
    .map((path) => path.replace(/^\.\//, ''))
}

/** How many names go into one command. */
const AT_ONCE = 200

const othersThan = async (at: Look, files: readonly LfsFile[], cwd: string): Promise<string[]> => {
  const wrong: string[] = []
  for (let i = 0; i < files.length; i += AT_ONCE) {
    const some = files.slice(i, i + AT_ONCE)
    const sums = await sha256OfEach(
      at,
      cwd,
      some.map(({ path }) => `./${path}`),
    )
    wrong.push(...some.flatMap(({ path, oid }, j) => (sums[j] === oid ? [] : [path])))
  }
  return wrong
}

/** Some contents may be left out on purpose, by a setting of the clone or of the repository. */
const leftOutBy = async (at: Look, cwd: string): Promise<string | undefined> => {
  for (const where of [[], ['--file', '.lfsconfig']]) {
    const set = await at.attempt({
      ...reads('git', 'config', ...where, '--get-regexp', String.raw`^lfs\.fetch(include|exclude)$`),
      cwd,
    })
    if (set.ok && set.value) return set.value.split(' ')[0]
  }
  return undefined
}

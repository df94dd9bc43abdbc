import { oneLine } from '../../checks/reading/one-line.ts'
import { type Command, changes, defineCheck, holds, type Look, reads } from '../../runbook/index.ts'

/** The hooks that git calls while it fetches and moves the code: each of them can make it fail. */
const OF_A_MOVE = ['post-checkout', 'post-merge', 'post-index-change', 'reference-transaction']

/**
 * git without the hooks of the clone. What they do cannot be printed beforehand, and one that fails, such as that of Git
 * LFS where git-lfs is missing, would stop git between the old code and the new, or on the way back.
 */
export const movesCode = (...args: string[]): Command<'changes'> =>
  changes('git', '-c', 'core.hooksPath=/dev/null', ...args)

const EXECUTABLE = `
cd "$1" 2>/dev/null || exit 0
shift
for name; do test -f "$name" && test -x "$name" && echo "$name"; done
exit 0`.trim()

/** The hooks that git would call here, by their names, and the folder that they are in. */
export const hooksOfMove = async (at: Look): Promise<{ folder: string; names: string[] }> => {
  const folder = await folderOfHooks(at)
  // husky puts one for each name into a folder of its own; each calls the one beside that folder, where there is one.
  const husky = folder.endsWith('/.husky/_') ? folder.slice(0, -2) : undefined
  const listed = await at.see(reads('sh', '-c', EXECUTABLE, 'sh', folder, ...OF_A_MOVE))
  const names = listed.split('\n').filter(Boolean)
  if (!husky || !names.length) return { folder, names }
  const there = (await at.see(reads('ls', '-A', husky))).split('\n')
  return { folder: husky, names: names.filter((name) => there.includes(name)) }
}

const folderOfHooks = async ({ see, attempt }: Look): Promise<string> => {
  const [top = '', common = ''] = (
    await see(reads('git', 'rev-parse', '--path-format=absolute', '--show-toplevel', '--git-common-dir'))
  ).split('\n')
  const set = await attempt(
    reads('git', 'config', '--show-scope', '--type=path', '--get-all', 'core.hooksPath'),
  )
  // A look is told of another folder for itself.
  const lines = set.ok ? set.value.split('\n').filter((line) => !line.startsWith('command\t')) : []
  const folder = lines.at(-1)?.replace(/^\w+\t/, '')
  if (!folder) return `${common}/hooks`
  return folder.startsWith('/') ? folder : `${top}/${folder}`
}

/** What the clone's hooks would do is not done: whoever relies on them is told before anything. */
export const hooksLeftOut = () =>
  defineCheck({
    fact: 'no hook of git has a say in the move of the code',
    remedy: 'make what the hook does a step of the book',
    look: async (at) => {
      const clone = await at.attempt(reads('git', 'rev-parse', '--show-toplevel'))
      if (!clone.ok) return holds('there is no clone')
      const { folder, names } = await hooksOfMove(at)
      return holds(names.length ? hooksText(folder, names) : 'the clone has none that git would call')
    },
  })

/** '2 hooks are not called: post-checkout, post-merge in .git/hooks; …' */
export const hooksText = (folder: string, names: readonly string[]): string =>
  `git is told not to call ${names.map((name) => oneLine(name)).join(', ')} in ${oneLine(folder, 200)}; what such a hook does belongs into a step of the book`

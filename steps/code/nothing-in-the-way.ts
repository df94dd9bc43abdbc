import { oneLine } from '../../checks/reading/one-line.ts'
import { isSubmodule, treeChanges } from '../../checks/reading/tree-changes.ts'
import { defineCheck, fails, holds, type Look, quantity, type Revision, reads } from '../../runbook/index.ts'
import { incomingObjects } from './incoming-objects.ts'
import { leftoversIn } from './leftovers.ts'

/** How many names go into one command. */
const AT_ONCE = 500

/**
 * No file that git does not track, ignored or not, stands where the incoming revision brings one. git itself refuses
 * only the files that it does not ignore: an ignored `.env` it would overwrite without a word.
 */
export const nothingInTheWay = ({ from, to }: Revision, remote: string) =>
  defineCheck({
    fact: 'no untracked file is in the way',
    remedy: 'move these files away, or remove them if what git brings will do',
    look: async (at) => {
      if (from === to) return holds('nothing comes')
      const env = await incomingObjects(at, to, [remote])
      const top = await at.see(reads('git', 'rev-parse', '--show-toplevel'))
      const changes = await treeChanges(at, { cwd: top, from, to, env })
      const names = changes.flatMap((change) => (change.from ? [] : [change.path]))
      const modules = changes.flatMap((change) => (isSubmodule(change.to) ? [`${change.path}/`] : []))
      const leftovers = await leftoversIn(at)
      const own = new Set(leftovers.trees.flatMap(({ folder, discard }) => (folder === top ? discard : [])))
      const found: string[] = []
      for (let i = 0; i < names.length; i += AT_ONCE) {
        const some = names.slice(i, i + AT_ONCE)
        const there = await at.see({
          ...reads('git', '--literal-pathspecs', 'ls-files', '--others', '-z', '--', ...some),
          cwd: top,
        })
        for (const name of there.split('\0').filter((name) => name && !own.has(name)))
          if (!modules.includes(name) || !(await isOwnSubmodule(at, `${top}/${name}`))) found.push(name)
      }
      if (!found.length) return holds(`${quantity(names.length, 'new file')}, each in a free place`)
      const shown = [...new Set(found)].map((name) => oneLine(name))
      return fails(`${quantity(shown.length, 'file')} in the way: ${shown.slice(0, 5).join(', ')}`, {
        tail: shown.slice(0, 40).join('\n'),
      })
    },
  })

/** A submodule that the clone had before: git leaves its folder where a revision does not have it. */
const isOwnSubmodule = async ({ attempt, see }: Look, cwd: string): Promise<boolean> => {
  const own = await attempt({ ...reads('git', 'rev-parse', '--path-format=absolute', '--git-dir'), cwd })
  const modules = await see(reads('git', 'rev-parse', '--path-format=absolute', '--git-path', 'modules'))
  return own.ok && own.value.startsWith(`${modules}/`)
}

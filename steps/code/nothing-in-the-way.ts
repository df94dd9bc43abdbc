import { oneLine } from '../../checks/reading/one-line.ts'
import { defineCheck, fails, holds, quantity, type Revision, reads } from '../../runbook/index.ts'
import { incomingObjects } from './incoming-objects.ts'

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
      const added = await at.see({
        ...reads('git', 'diff-tree', '-r', '-z', '--name-only', '--no-renames', '--diff-filter=A', from, to),
        env,
      })
      const names = added.split('\0').filter(Boolean)
      const found: string[] = []
      for (let i = 0; i < names.length; i += AT_ONCE) {
        const some = names.slice(i, i + AT_ONCE)
        const there = await at.see({
          ...reads('git', '--literal-pathspecs', 'ls-files', '--others', '-z', '--', ...some),
          cwd: top,
        })
        found.push(...there.split('\0').filter(Boolean))
      }
      if (!found.length) return holds(`${quantity(names.length, 'new file')}, each in a free place`)
      const shown = [...new Set(found)].map((name) => oneLine(name))
      return fails(`${quantity(shown.length, 'file')} in the way: ${shown.slice(0, 5).join(', ')}`, {
        tail: shown.slice(0, 40).join('\n'),
      })
    },
  })

import { oneLine } from '../../checks/reading/one-line.ts'
import { defineCheck, fails, holds, type Look, reads, typed, within } from '../../runbook/index.ts'
import { readMark } from './move-mark.ts'

/**
 * The locks of git's index, HEAD and refs, those of its submodules too; not of its object store, where a maintenance in
 * the background is in nobody's way. Without the other working trees of the same repository.
 */
const locksIn = async ({ see }: Look): Promise<string[]> => {
  const folders = await see(
    reads('git', 'rev-parse', '--path-format=absolute', '--git-dir', '--git-common-dir'),
  )
  const [own = '', common = ''] = folders.split('\n')
  const inside = own === common ? [own] : [own, common]
  const listed = await see(
    reads('find', ...inside, '-type', 'f', '-name', '*.lock', '!', '-path', '*/objects/*', '-print0'),
  )
  const elsewhere = `${common}/worktrees/`
  return [...new Set(listed.split('\0').filter(Boolean))].filter(
    (path) => path.startsWith(`${own}/`) || !path.startsWith(elsewhere),
  )
}

/**
 * git's processes that may change something in the clone, as far as the system tells where they work. A look of the tool
 * takes no lock, and is known by its variable; one that just begins or ends shows neither, so each is looked at twice.
 */
const WORKING = `
top=$1
gits() {
  ps -A -o pid= -o stat= -o comm= | while read -r pid state program; do
    case $state in Z*) continue ;; esac
    case $program in git|git-*|*/git) ;; *) continue ;; esac
    tr '\\0' '\\n' < "/proc/$pid/environ" 2>/dev/null | grep -q '^GIT_OPTIONAL_LOCKS=0$' && continue
    folder=$(readlink "/proc/$pid/cwd" 2>/dev/null) || folder=
    # It has ended meanwhile.
    [ -z "$folder" ] && [ -d /proc/self ] && [ ! -d "/proc/$pid" ] && continue
    case $folder in ''|"$top"|"$top"/*) echo "$pid" ;; esac
  done
}
first=$(gits)
[ -n "$first" ] || exit 0
sleep 0.1 2>/dev/null || sleep 1
second=$(gits)
for pid in $first; do
  for still in $second; do [ "$pid" = "$still" ] && echo "$pid"; done
done
exit 0`.trim()

const workingGits = async ({ see }: Look): Promise<string[]> => {
  const top = await see(reads('git', 'rev-parse', '--show-toplevel'))
  return (await see(reads('sh', '-c', WORKING, 'sh', top))).split('\n').filter(Boolean)
}

/** Waits for a git that works in the clone and holds a lock, for as long as it makes sense. */
export const untilUnlocked = async (at: Look): Promise<void> => {
  for (let waited = 0; waited < PATIENCE; waited += 250) {
    if (!(await locksIn(at)).length || !(await workingGits(at)).length) return
    await at.sleep(250)
  }
}

/** Locks that a checkout of the tool has left, whose process is gone. */
export const ownLocks = async (at: Look): Promise<string[]> => {
  const locks = await locksIn(at)
  if (!locks.length || !(await readMark(at))) return []
  return (await workingGits(at)).length ? [] : locks
}

/** How long another git is waited for. Milliseconds. */
const PATIENCE = 15_000

/** No git changes anything in the clone now, and none has left a lock there, but for one that can be told to be our own. */
export const noGitLock = () =>
  within(
    defineCheck({
      fact: 'no lock of git is in the clone',
      remedy: 'wait until that git has ended',
      look: async (at) => {
        const clone = await at.attempt(reads('git', 'rev-parse', '--show-toplevel'))
        if (!clone.ok) return fails('there is no clone', { final: true })
        const locks = await locksIn(at)
        if (!locks.length) return holds('none')
        const named = locks.map((path) => oneLine(path.slice(path.lastIndexOf('/.git/') + 1))).join(', ')
        const working = await workingGits(at)
        if (working.length) return fails(`${named}; git runs there, process ${working.join(', ')}`)
        if (await readMark(at))
          return holds(`${named}, which a checkout of an earlier run has left: it is removed`)
        return fails(`${named}, and no git that runs there is known`, {
          final: true,
          remedy: typed`make sure that nobody works in the clone; then rm ${locks}`,
        })
      },
    }),
    PATIENCE,
  )

import { defineCheck, fails, holds, quantity, reads } from '../runbook/index.ts'
import { oneLine } from './reading/one-line.ts'

/** No file that git tracks was changed. Files that it does not track do not count. */
export const workingTreeClean = () =>
  defineCheck({
    fact: 'the working tree is clean',
    remedy: 'git status; then commit what was changed, or put it aside with git stash',
    look: async ({ see }) => {
      const [headers, changed] = parsed(await see(status))
      if (!changed.length) return holds(`nothing changed since ${headers.get('branch.oid')?.slice(0, 7)}`)
      const named = changed.slice(0, 5).join(', ')
      const more = changed.length > 5 ? ' and more' : ''
      return fails(`${quantity(changed.length, 'changed file')}: ${named}${more}`, {
        tail: changed.slice(0, 40).join('\n'),
      })
    },
  })

// git's file watcher is a process that would stay.
const status = reads(
  ...(['git', '-c', 'core.fsmonitor=false', 'status', '--porcelain=v2', '--branch', '-z'] as const),
  ...['--untracked-files=no', '--ignore-submodules=untracked', '--no-renames'],
)

const parsed = (printed: string): [headers: Map<string, string>, changed: string[]] => {
  const headers = new Map<string, string>()
  const changed: string[] = []
  for (const record of printed.split('\0')) {
    const [, name, value] = /^# (\S+) (.*)$/.exec(record) ?? []
    if (name) headers.set(name, value!)
    // `1 XY sub mH mI mW hH hI path`; an unmerged file has two columns more.
    const fields = record.split(' ')
    if (fields[0] === '1') changed.push(oneLine(fields.slice(8).join(' ')))
    if (fields[0] === 'u') changed.push(`${oneLine(fields.slice(10).join(' '))} (unmerged)`)
  }
  return [headers, changed]
}

import { type Command, defineCheck, fails, holds, type Look, reads } from '../runbook/index.ts'

export interface ToolPresent {
  /** The least version: '>=15', '>=20.19'; or a prefix that it must have: '15', '1.2'. Default: any. */
  version?: string
  /** How to install it. Default: its package of that name. */
  install?: string
}

/** A program is in the PATH of the host, in a version that will do. */
export const toolPresent = (program: string, { version, install }: ToolPresent = {}) =>
  defineCheck({
    fact: `${program}${version ? ` ${version.replace(/^>=\s*/, '')}${isMinimum(version) ? ' or newer' : ''}` : ''} is installed`,
    remedy: install ?? `install ${program}${version ? ` ${version}` : ''}, and have its folder in PATH`,
    look: async (at) => {
      const found = await versionOf(at, program)
      if (version === undefined) return holds(found || `${program} answers --version`)
      if (!found) return fails(`${program} --version names no version`)
      return suffices(found, version) ? holds(found) : fails(found)
    },
  })

/** What `--version` says, the number only: '15.18'; '' where it says none. `more`: of a program that starts a daemon for it. */
export const versionOf = async (
  { see }: Look,
  program: string,
  more: Pick<Command, 'outlives'> = {},
): Promise<string> => {
  const lines = (await see({ ...reads(program, '--version'), ...more })).split('\n')
  // A line that is nothing else is the version, whatever greeting stands before it.
  const bare = lines.find((line) => /^v?\d+(\.\d+)*\s*$/.test(line))
  return /\bv?(\d+(?:\.\d+)*)/.exec(bare ?? lines.join('\n'))?.[1] ?? ''
}

const isMinimum = (wanted: string): boolean => wanted.startsWith('>=')

const suffices = (found: string, wanted: string): boolean => {
  const [have, want] = [numbers(found), numbers(wanted)]
  const at = want.findIndex((number, i) => number !== (have[i] ?? 0))
  if (at === -1) return true
  return isMinimum(wanted) && (have[at] ?? 0) > want[at]!
}

const numbers = (version: string): number[] => (version.match(/\d+/g) ?? []).map(Number)

import { linesOf, matchingLines, nearestLine, printPattern } from '../../checks/reading/file-lines.ts'
import { oneLine } from '../../checks/reading/one-line.ts'
import { sha256Of } from '../../checks/reading/sha256.ts'
import {
  defineCheck,
  fails,
  holds,
  type Look,
  quantity,
  readsFile,
  type Verdict,
} from '../../runbook/index.ts'
import { type Edit, opened, replaced, replacementStands, replacementsIn } from './file-edit.ts'

export interface FileEdit extends Edit {
  readonly file: string
  /** How often it must be found. */
  readonly expect: number
}

const matches = (count: number): string => quantity(count, 'match', 'matches')

/** Nothing is left to find, and the replacement stands there. `read` gives the file's content. */
export const edited = (edit: FileEdit, read: (at: Look) => Promise<string>) =>
  defineCheck({
    fact: `${edit.file} is edited`,
    remedy: `compare ${edit.file} with the edit in the book`,
    look: async (at) => stateOf(await read(at), edit),
  })

/** It is found as often as expected, or the edit is done already. */
export const foundAsOften = (content: string, edit: FileEdit) =>
  defineCheck({
    fact: `${printPattern(edit.find)} is in ${edit.file} ${edit.expect === 1 ? 'once' : `${edit.expect} times`}`,
    remedy: 'correct `find` in the book so that it matches what is meant, or `expect`',
    look: async () => {
      const done = stateOf(content, edit)
      if (done.holds) return holds(`already edited: ${done.seen}`)
      const { text } = opened(content)
      const found = replacementsIn(text, edit).map(({ start }) => text.slice(0, start).split('\n').length)
      const lines = linesOf(text)
      if (!found.length) return fails(`not in it${nearestLine(lines, edit.find)}`)
      const shown = [...new Set(found)]
        .slice(0, 10)
        .map((number) => `${number}: ${oneLine(lines[number - 1] ?? '')}`)
      return found.length === edit.expect
        ? holds(shown.join('; '))
        : fails(`${matches(found.length)}: ${shown.join('; ')}`)
    },
  })

/** `port: 80` → `port: 8080` would find itself again, and never be done. */
export const appliesOnce = (content: string, edit: FileEdit) =>
  defineCheck({
    fact: `the edit of ${edit.file} does not apply to its own result`,
    remedy: 'make `find` an expression that does not match the replacement',
    look: async () => {
      const { text } = opened(content)
      const again = replacementsIn(replaced(text, replacementsIn(text, edit)), edit).length
      return again ? fails(`${matches(again)} in what it makes`) : holds('no match in what it makes')
    },
  })

/** The file is again what it was: by its digest, since a transcript shows a secret in its text as a placeholder. */
export const sameAsBefore = (file: string, digest: string) =>
  defineCheck({
    fact: `${file} is as it was before the edit`,
    remedy: `take ${file} from git or a backup: its content in the transcript is not the whole truth`,
    look: async (at) => {
      const found = await sha256Of(at, file)
      const seen = `sha256 ${found.slice(0, 8)}…`
      return found === digest ? holds(seen) : fails(`${seen} instead of ${digest.slice(0, 8)}…`)
    },
  })

/** What is written over is the edit's own result, or what was there before it: whoever has gone on with the file keeps it. */
export const nobodysSince = (file: string, texts: readonly string[]) =>
  defineCheck({
    fact: `nobody has changed ${file} since the edit`,
    remedy: `put ${file} back by hand to what the edit left, then roll back again`,
    // Another edit of the same file may be taken back before.
    early: false,
    look: async ({ see }) =>
      texts.includes(await see(readsFile(file)))
        ? holds('it is as before the edit, or as the edit left it')
        : fails('it holds something else by now'),
  })

/** Whether the edit is done, with the line that shows it. */
const stateOf = (content: string, edit: Edit): Verdict => {
  const { text } = opened(content)
  const left = replacementsIn(text, edit).length
  if (left) return fails(`${matches(left)} of ${printPattern(edit.find)}`)
  if (!replacementStands(text, edit)) return fails(`neither ${printPattern(edit.find)} nor its replacement`)
  const [line] = edit.replace ? matchingLines(linesOf(text), edit.replace.split('\n')[0]!) : []
  return holds(line ?? `no ${printPattern(edit.find)}`)
}

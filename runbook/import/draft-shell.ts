import { broughtBack } from './brought-back.ts'
import type { Place } from './draft-book.ts'
import { type ForAPerson, forAPerson } from './for-a-person.ts'
import { meaningOf } from './known-commands.ts'
import type { Part } from './part-of.ts'
import { ShellBlock } from './shell-block.ts'
import { type Line, shellLines } from './shell-lines.ts'
import { byHand } from './shell-steps.ts'
import { slug } from './slug.ts'
import { isSqlLine } from './sql-block.ts'
import { withoutSecrets } from './without-secrets.ts'

/** Enters a block of shell into the draft, line by line where each can be understood; says what became of it. */
export const draftShell = (block: string, place: Place): string => {
  const { part, session } = place
  if (part.performs === 'by-hand')
    return byHand(block, part.because ?? 'it is no part of the deployment', place)
  if (/^#!/.test(block)) return scriptFile(block, place)
  const lines = shellLines(block)
  if (!lines || lines.some(({ text }) => isSqlLine(text)))
    return byHand(block, session.elsewhere() ?? 'it is not shell alone', place)
  if (lines.length === 0) return told(block, place)
  const kinds = lines.map((line) => kindOf(line, part))
  const isBack = (kind: ForAPerson | undefined) => kind?.kind === 'restores' || kind?.kind === 'takes-back'
  const back = kinds.find(isBack)
  // What belongs together to bring something back is not torn apart, where no line of a deployment stands beside it.
  if (back && !lines.some(deploys)) return broughtBack(block, back, place)
  return new ShellBlock({ place, lines, kinds, isBack }).enter()
}

/** Where the page takes back, taking back is for the book. */
const kindOf = ({ commands }: Line, { isWayBack }: Part): ForAPerson | undefined =>
  commands.map(forAPerson).find((kind) => kind && !(isWayBack && kind.kind === 'takes-back'))

const deploys = (line: Line): boolean => ['step', 'covered'].includes(meaningOf(line, '.', []).is)

const told = (block: string, place: Place): string => {
  place.entries.push({ kind: 'comment', text: withoutSecrets(block) })
  return 'a comment: there is no command in it'
}

const scriptFile = (block: string, { draft, heading, entries }: Place): string => {
  const named = /^#\s*File:\s*([\w.-]+)\s*$/im.exec(block)?.[1]
  const file = `scripts/${named ?? `${slug(heading) || 'script'}.sh`}`
  const path = draft.files.has(file) ? file.replace(/(\.\w+)?$/, `-${draft.files.size}$1`) : file
  draft.files.set(path, `${withoutSecrets(block).trimEnd()}\n`)
  entries.push({
    kind: 'comment',
    text: `REVIEW: the script of the page is ${path}; nothing calls it: make steps of it`,
  })
  return `the file ${path}, for review`
}

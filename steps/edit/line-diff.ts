import { type Replacement, replaced } from './file-edit.ts'

/** Lines shown before and after each change. */
const CONTEXT = 2

/** Whole lines of the old text, and what they become. */
interface Change {
  start: number
  end: number
  old: string[]
  new: string[]
}

/** A small unified diff of a text and its replacements. */
export const lineDiff = (path: string, text: string, replacements: readonly Replacement[]): string => {
  const lines = text.split('\n')
  let moved = 0
  const hunks = together(changesOf(text, replacements)).map((changes) => {
    const from = Math.max(0, changes[0]!.start - CONTEXT)
    const to = Math.min(lines.length, changes.at(-1)!.end + CONTEXT)
    const body: string[] = []
    let at = from
    for (const change of changes) {
      body.push(...lines.slice(at, change.start).map((line) => ` ${line}`))
      body.push(...change.old.map((line) => `-${line}`), ...change.new.map((line) => `+${line}`))
      at = change.end
    }
    body.push(...lines.slice(at, to).map((line) => ` ${line}`))
    const grown = changes.reduce((sum, change) => sum + change.new.length - change.old.length, 0)
    const header = `@@ -${from + 1},${to - from} +${from + 1 + moved},${to - from + grown} @@`
    moved += grown
    return [header, ...body].join('\n')
  })
  return [`--- ${path}`, `+++ ${path}`, ...hunks].join('\n')
}

/** Replacements that share a line are one change. */
const changesOf = (text: string, replacements: readonly Replacement[]): Change[] => {
  const changes: { from: number; to: number; parts: Replacement[] }[] = []
  for (const part of replacements) {
    const from = text.slice(0, part.start).lastIndexOf('\n') + 1
    const end = text.indexOf('\n', part.end)
    const to = end === -1 ? text.length : end
    const last = changes.at(-1)
    if (last && from <= last.to) {
      last.to = to
      last.parts.push(part)
    } else changes.push({ from, to, parts: [part] })
  }
  return changes.map(({ from, to, parts }) => {
    const old = text.slice(from, to)
    const shifted = parts.map((part) => ({ ...part, start: part.start - from, end: part.end - from }))
    return trimmed(
      text.slice(0, from).split('\n').length - 1,
      old.split('\n'),
      replaced(old, shifted).split('\n'),
    )
  })
}

/** Without the lines at both ends that stay as they are. */
const trimmed = (start: number, old: string[], fresh: string[]): Change => {
  let [head, tail] = [0, 0]
  const shorter = Math.min(old.length, fresh.length)
  while (head < shorter && old[head] === fresh[head]) head++
  while (tail < shorter - head && old.at(-1 - tail) === fresh.at(-1 - tail)) tail++
  return {
    start: start + head,
    end: start + old.length - tail,
    old: old.slice(head, old.length - tail),
    new: fresh.slice(head, fresh.length - tail),
  }
}

/** Changes whose surroundings touch stand in one hunk. */
const together = (changes: Change[]): Change[][] => {
  const hunks: Change[][] = []
  for (const change of changes) {
    const last = hunks.at(-1)?.at(-1)
    if (last && change.start - last.end <= 2 * CONTEXT) hunks.at(-1)!.push(change)
    else hunks.push([change])
  }
  return hunks
}

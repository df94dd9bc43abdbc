import type { RunState } from '../journal/fold.ts'
import { isAmiss, type Verdict, type Verdicted, verdictsOf } from '../journal/verdicts.ts'
import { quantity } from '../model/quantity.ts'
import type { Paint } from './paint.ts'
import { visible } from './visible.ts'

/** What each verification says at the end of a run, what does not hold last; nothing where none was asked. */
export const verdictLines = (state: RunState, paint: Paint): string[] => {
  const verdicts = verdictsOf(state)
  if (verdicts.length === 0) return []
  const said = verdicts.filter(({ verdict }) => verdict !== 'holds').toSorted(byGravity)
  return [
    `  verified    ${countText(verdicts)}`,
    ...said.map((one) => `    ${markOf(one.verdict, paint)} ${visible(verdictText(one))}`),
  ]
}

/** '3 of 5 verifications hold'. */
export const countText = (verdicts: readonly Verdicted[]): string => {
  const holding = verdicts.filter((one) => !isAmiss(one)).length
  return `${holding} of ${quantity(verdicts.length, 'verification')} ${holding === 1 || verdicts.length === 1 ? 'holds' : 'hold'}`
}

/** One of them in words. */
export const verdictText = ({ title, verdict, before, after }: Verdicted): string => {
  const now = firstLine(after?.seen)
  switch (verdict) {
    case 'holds':
      return `${title} holds: ${now}`
    case 'mended':
      return `${title} holds now, and did not before${before?.holds === false ? `: ${firstLine(before.seen)}` : ''}`
    case 'lost':
      return after?.holds === false
        ? `${title} held before, and does not hold any more: ${now}`
        : `${title} held before, and whether it still does nobody knows: ${now}`
    case 'went-back':
      return `${title} went back with the database, and is not so any more: ${now}`
    case 'neither':
      return `${title} holds neither before nor now: ${now}`
    case 'unproven':
      return `${title} does not hold; whether it did before nobody knows (${firstLine(before?.seen) || 'it was not asked then'}): ${now}`
    case 'unknown':
      return `${title}: whether it holds nobody knows: ${now}`
  }
}

const markOf = (verdict: Verdict, paint: Paint): string =>
  ({
    holds: paint.green('✔'),
    mended: paint.green('✔'),
    neither: paint.yellow('!'),
    'went-back': paint.yellow('!'),
    unknown: paint.yellow('?'),
    unproven: paint.red('✖'),
    lost: paint.red('✖'),
  })[verdict]

const GRAVITY: readonly Verdict[] = ['holds', 'mended', 'unknown', 'neither', 'went-back', 'unproven', 'lost']
const byGravity = (a: Verdicted, b: Verdicted): number =>
  GRAVITY.indexOf(a.verdict) - GRAVITY.indexOf(b.verdict)

const firstLine = (text = ''): string => {
  const [line = ''] = text.split('\n', 1)
  return line.length > LONGEST ? `${line.slice(0, LONGEST).trimEnd()} …` : line
}
const LONGEST = 160

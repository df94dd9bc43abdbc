import { quantity } from '../model/quantity.ts'
import type { RunContext } from './run-context.ts'

const REMEDY = 'make it longer where it is issued; until then let no program print it'

/**
 * What to know of secrets that are too short to be masked: of five characters and fewer, which stand inside ordinary
 * words. Recorded, and given as a sentence with its remedy; undefined where there is none.
 */
export const shortSecrets = ({ doors, recorder }: RunContext): string | undefined => {
  const short = [...doors.secrets.tooShort]
  if (short.length === 0) return undefined
  const seen = short.map(([name, length]) => `${name} has ${quantity(length, 'character')}`).join(', ')
  recorder.record({
    ...{ type: 'looked', side: 'needs', holds: false, ms: 0 },
    ...{ fact: 'every secret is long enough to be masked', seen, remedy: REMEDY },
  })
  return `${seen}: too short to be masked where it is printed\n  fix: ${REMEDY}`
}

import { Failed, unmet } from '../../runbook/index.ts'
import type { SqlEffects } from './ledger.ts'
import type { SqlScript } from './script.ts'

/** Stops where a file cannot be one transaction, with every line that is in the way. */
export const refuseMistakes = (file: string, script: SqlScript): SqlScript => {
  if (script.mistakes.length === 0) return script
  const fact = `${file} can be applied as one transaction`
  throw new Failed({
    kind: 'before-unmet',
    unmet: script.mistakes.map(({ line, seen, remedy }) => ({ fact, seen: `line ${line}: ${seen}`, remedy })),
  })
}

/** Stops where nothing would tell whether a statement has been run: the step might be skipped, or called done, wrongly. */
export const refuseUnproven = (file: string, { unproven, ...facts }: SqlEffects, derive: boolean): void => {
  const { underived } = facts
  if (underived)
    throw unmet(
      `it can be seen whether ${file} has been applied`,
      `what it does is not derived from its SQL. ${whyOf(underived)}`,
      'say in `after` what holds then: after: [tableHasColumns(…)], or a check of your own',
    )
  const places = unproven.map(({ line, words }) => `line ${line}: ${words}`)
  const nothing = !derive || !(facts.adds.length || facts.removes.length || facts.columns.length)
  if (places.length === 0 && !nothing) return
  throw unmet(
    `it can be seen whether ${file} has been applied`,
    places.length
      ? `nothing in the schema tells of ${places.slice(0, 5).join('; ')}`
      : 'it leaves nothing to look at',
    'say in `after` what holds then: after: [tableHasColumns(…)], or a check of your own',
  )
}

/** 'line 3: ALTER TABLE t RENAME a TO b: it renames' */
export const whyOf = ({ line, words, because }: NonNullable<SqlEffects['underived']>): string =>
  `Line ${line}: ${words}: ${because}`

import { hidden } from '../../runbook/index.ts'

/**
 * A foreign text as one line that can be shown: what would move a terminal's cursor, colour it or turn the direction
 * of writing is shown as a dot.
 */
export const oneLine = (text: string, most = 120): string => {
  const shown = hidden(text)
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, '·')
    .trim()
  const characters = [...shown]
  return characters.length > most ? `${characters.slice(0, most - 1).join('')}…` : shown
}

import { quantity } from '../model/quantity.ts'
import type { Paint } from './paint.ts'
import { visibleIn } from './visible.ts'

/** What became of every block of a page. */
export const importedText = (
  account: readonly { line: number; block: string; became: string }[],
  { page, files, reviews, paint }: ImportedOptions,
): string => {
  const blocks = visibleIn(account)
  const width = Math.min(48, Math.max(...blocks.map(({ block }) => block.length)))
  const digits = String(blocks.at(-1)?.line ?? 0).length
  return [
    paint.bold(`${page}: ${quantity(blocks.length, 'block')}, each of them accounted for`),
    ...blocks.map(
      ({ line, block, became }) =>
        `  ${paint.dim(`line ${String(line).padStart(digits)}`)}  ${shortened(block, width).padEnd(width)}  ${became}`,
    ),
    '',
    'Written:',
    ...files.map((file) => `  ${file}`),
    '',
    reviewsText(reviews),
    `${paint.yellow('→')} then: runbook plan staging`,
    '',
  ].join('\n')
}

export const reviewsText = (reviews: number): string =>
  `${quantity(reviews, 'place is', 'places are')} marked REVIEW in it: read each, and decide.`

export interface ImportedOptions {
  page: string
  files: readonly string[]
  reviews: number
  paint: Paint
}

const shortened = (text: string, width: number): string =>
  text.length > width ? `${text.slice(0, width - 1)}…` : text

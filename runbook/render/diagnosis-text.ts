import type { EventOf } from '../model/event.ts'
import { quantity } from '../model/quantity.ts'
import type { Paint } from './paint.ts'
import { visible } from './visible.ts'

type Looked = EventOf<'looked'>

/** One look of `runbook diagnose`, with the symptom above where it is another than before. */
export const diagnosisLines = (
  { fact, seen, diagnosed }: Looked,
  symptom: string | undefined,
  paint: Paint,
): string[] => {
  if (!diagnosed) return []
  const mark = {
    no: paint.green('✔'),
    cause: paint.red('✖'),
    sign: paint.yellow('!'),
    unknown: paint.dim('?'),
  }[diagnosed.found]
  const [first] = visible(seen).split('\n')
  return [
    ...(diagnosed.symptom === symptom ? [] : [`  ${visible(diagnosed.symptom)}`]),
    `    ${mark} ${visible(fact)} · ${first}`,
  ]
}

/** What was found, the most certain first: each with what was seen, and what to type. */
export const findingsText = (looks: readonly Looked[], paint: Paint): string => {
  const of = (...found: string[]) => looks.filter(({ diagnosed }) => found.includes(diagnosed!.found))
  const found = [...of('cause'), ...of('sign')]
  const unknown = of('unknown').length
  const unseen = unknown ? `; ${unknown} of them could not be looked at` : ''
  if (found.length === 0)
    return `\n${unknown ? paint.yellow('?') : paint.green('✔')} nothing was found, in ${quantity(looks.length, 'look')}${unseen}\n`
  return `\n${found.map((looked) => findingText(looked, paint)).join('\n')}\n`
}

const findingText = ({ diagnosed, seen, remedy, tail }: Looked, paint: Paint): string => {
  const mark = diagnosed!.found === 'cause' ? paint.red('✖') : paint.yellow('!')
  const detail = tail?.trimEnd().split('\n').slice(-SHOWN) ?? []
  return [
    `${mark} ${paint.bold(visible(diagnosed!.cause))}`,
    `  seen  ${visible(seen).replaceAll('\n', '\n        ')}`,
    ...detail.map((line) => paint.dim(`    │ ${visible(line)}`)),
    ...(remedy ? [`  ${paint.yellow('→')} ${visible(remedy).replaceAll('\n', '\n    ')}`] : []),
  ].join('\n')
}

/** How much of a log stands below a finding. Lines. */
const SHOWN = 10

import type { SignOff } from './event.ts'

/** As evidence: 'confirmed by ada: ticket 4711'. */
export const signOffText = ({ who, by, applies }: SignOff, note: string): string => {
  if (by === 'flag') return `taken as done by --yes of ${who}: nobody was asked`
  const what = applies ? `confirmed by ${who}` : `does not apply, says ${who}`
  return note ? `${what}: ${note}` : what
}

/** How a checklist stands: '5 of 5 confirmed by ada', '3 of 5 confirmed by ada, 1 does not apply'. */
export const signedOffText = (answers: readonly SignOff[]): string => {
  const all = answers.length
  const confirmed = answers.filter(({ by, applies }) => by === 'operator' && applies)
  const others = answers.filter(({ applies }) => !applies)
  const unasked = answers.filter(({ by }) => by === 'flag')
  const parts = [
    ...(confirmed.length || !unasked.length
      ? [`${confirmed.length} of ${all} confirmed${byWhom(confirmed)}`]
      : []),
    ...(others.length
      ? [
          `${others.length} ${others.length === 1 ? 'does' : 'do'} not apply${confirmed.length ? '' : byWhom(others, ', says')}`,
        ]
      : []),
    ...(unasked.length
      ? [`${unasked.length} of ${all} taken as done${byWhom(unasked, ' by --yes of')}: nobody was asked`]
      : []),
  ]
  return parts.join(', ')
}

const byWhom = (answers: readonly SignOff[], by = ' by'): string => {
  const names = [...new Set(answers.map(({ who }) => who))]
  return names.length ? `${by} ${names.join(' and ')}` : ''
}

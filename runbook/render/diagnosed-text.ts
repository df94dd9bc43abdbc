import type { EventOf } from '../model/event.ts'

type Looked = EventOf<'looked'>

/** What was found behind a failure, with the next thing to type, a line each; nothing where it is not so. */
export const diagnosedLines = ({ diagnosed, seen, remedy }: Looked): string[] => {
  if (diagnosed?.found !== 'cause' && diagnosed?.found !== 'sign') return []
  const [first] = seen.split('\n')
  return [`${diagnosed.cause} · ${first}`, ...(remedy ? [`→ ${remedy}`] : [])]
}

/** How sure that is. */
export const likelihoodOf = ({ diagnosed }: Looked): string =>
  diagnosed?.found === 'cause' ? 'probably' : 'see also'

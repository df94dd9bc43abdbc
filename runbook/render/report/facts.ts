import type { EventOf } from '../../model/event.ts'
import { type Html, html } from './html.ts'

/** What was looked at, each fact as it was seen last. */
export const factList = (looked: readonly EventOf<'looked'>[]): Html | false => {
  // The number of a process is no fact for a person.
  const shown = looked.filter(({ process, probed }) => !process && !probed)
  const lasts = [...new Map(shown.map((one) => [one.fact, one])).values()]
  return lasts.length > 0 && html`<ul class="facts">${lasts.map(factItem)}</ul>`
}

const factItem = ({ holds, fact, seen, tail, untold }: EventOf<'looked'>): Html =>
  html`<li><span class="${untold ? 'faint' : holds ? 'good' : 'bad'}">${untold ? '?' : holds ? '✓' : '✖'}</span> ${fact}${untold && ', as far as it can be told'}: <span class="faint">${seen}</span>${tail && html`<pre>${tail}</pre>`}</li>`

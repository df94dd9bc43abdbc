import { duration } from '../../model/duration.ts'
import type { EventOf } from '../../model/event.ts'
import { explain } from '../../model/explain.ts'
import { bytes, quantity } from '../../model/quantity.ts'
import { signOffText } from '../../model/sign-off.ts'
import type { FrozenUndo } from '../../model/undo.ts'
import { charts } from './charts.ts'
import { factList } from './facts.ts'
import { type Html, html } from './html.ts'
import type { StoryAction, StoryStep } from './story.ts'
import { COLOURS } from './timeline.ts'

/** Of the actions of one step, as many as are shown: a watch of a day has thousands. */
const MOST = 60

const SIGNS: Record<StoryStep['is'], string> = { done: '✔', skipped: '↷', failed: '✖', 'in-doubt': '?' }

/** A step with its evidence in one line; what was looked at, performed and printed inside. */
export const stepDetails = (step: StoryStep): Html => {
  const { title, is, said, spans, failure, looked, actions, samples, undo } = step
  const took = spans.reduce((sum, { from, until }) => sum + until - from, 0)
  const words = failure ? explain(failure).sentence : is === 'in-doubt' ? 'its end is not known' : said
  return html`<details${is === 'failed' && html` open`}>
<summary><span class="${COLOURS[is]}">${SIGNS[is]}</span><b>${title}</b><span class="said">${firstLine(words)}</span><span class="took">${took > 0 && duration(took)}</span></summary>
<div class="inside">
${factList(looked.filter(({ side }) => side === 'needs' || side === 'before'))}
${actions.length > MOST && html`<p class="faint">${quantity(actions.length - MOST, 'action')} before these</p>`}
${actions.slice(-MOST).map(performed)}
${samples.length > 1 && charts(samples)}
${factList(looked.filter(({ side }) => side === 'after' || side === 'diagnosis'))}
${undo && actions.length > 0 && html`<p class="faint">the way back: ${wayBack(undo)}</p>`}
</div>
</details>
`
}

const performed = ({ printed, ended, output, left }: StoryAction): Html =>
  html`<pre>$ ${printed}
${output && `${left ? `… ${bytes(left)} before this\n` : ''}${output.trimEnd()}\n`}<span class="${ended?.ok === false ? 'bad' : 'faint'}">${resultOf(ended)}</span></pre>`

const resultOf = (ended: EventOf<'action-ended'> | undefined): string => {
  if (!ended) return 'its end is not known'
  const { ok, ms, exit, status, rows, note, signedOff } = ended
  if (signedOff) return signOffText(signedOff, note ?? '')
  const what = [
    ...(status !== undefined ? [`${status}`] : []),
    ...(rows !== undefined ? [`${rows.toLocaleString('en-US')} rows`] : []),
    ...(exit !== undefined ? [`exit ${exit}`] : []),
  ]
  return `${what.join(', ') || (ok ? 'done' : 'failed')} in ${duration(ms)}${note ? `: ${note}` : ''}`
}

const wayBack = (undo: FrozenUndo): string => {
  if (undo.kind === 'nothing') return `none is needed: ${undo.because}`
  if (undo.kind === 'forward-only') return `there is none: ${undo.because}. Instead: ${undo.instead}`
  return `${Object.keys(undo.actions).join(', ')}${undo.of === 'schema' ? ', only where the schema must go back too' : ''}`
}

const firstLine = (text: string): string => text.split('\n', 1)[0]!

import { duration } from '../../model/duration.ts'
import type { ExpectedPhase } from '../../model/event.ts'
import { Html, html } from './html.ts'
import type { Span, Story, StoryStep } from './story.ts'

/** When each step was worked on, beside the others; the time in which a run lay still is left out. */
export const timeline = ({ steps, sittings }: Story, phases: readonly ExpectedPhase[]): Html => {
  const all = sittings.reduce((sum, { from, until }) => sum + until - from, 0)
  const worked = steps.filter(({ spans }) => spans.length)
  if (all <= 0 || worked.length === 0) return html``
  const place = placeIn(sittings)
  const percent = (ms: number): Html => new Html(`${((ms / all) * 100).toFixed(3)}%`)
  const row = ({ title, spans, is }: StoryStep): Html => {
    const bars = spans.map((span) => ({ from: place(span.from), until: place(span.until) }))
    const took = bars.reduce((sum, { from, until }) => sum + until - from, 0)
    const end = Math.max(...bars.map(({ until }) => until))
    // On the side where there is room for it.
    const beside =
      end < all * 0.8
        ? html`left: ${percent(end)}`
        : html`right: ${percent(all - Math.min(...bars.map(({ from }) => from)))}`
    return html`<div class="name" title="${title}">${title}</div>
<div class="track ${COLOURS[is]}">${bars.map(
      ({ from, until }) =>
        html`<span class="bar" style="left: ${percent(from)}; width: ${percent(until - from)}"></span>`,
    )}<span class="took" style="${beside}">${duration(took)}</span></div>`
  }
  return html`<div class="timeline">
<div></div><div class="axis">${ticks(all).map((ms) => html`<span style="left: ${percent(ms)}">${duration(ms)}</span>`)}</div>
${inPhases(worked, phases).map(
  ({ title, steps }) => html`${title && html`<div class="phase">${title}</div>`}${steps.map(row)}`,
)}
</div>`
}

export const COLOURS: Record<StoryStep['is'], string> = {
  done: 'good',
  skipped: 'calm',
  failed: 'bad',
  'in-doubt': 'warn',
}

/** A moment as the time that the run had gone on until then. */
const placeIn =
  (sittings: readonly Span[]) =>
  (at: number): number =>
    sittings.reduce((sum, { from, until }) => sum + Math.max(0, Math.min(at, until) - from), 0)

/** The beginning, three moments between, and the end. */
const ticks = (all: number): number[] => [0, 0.25, 0.5, 0.75, 1].map((part) => part * all)

/** Steps under the titles of their phases, all in the order in which they were begun. What a rehearsal does is in none. */
export const inPhases = (
  steps: readonly StoryStep[],
  phases: readonly ExpectedPhase[],
): { title: string; steps: StoryStep[] }[] => {
  const known = new Set(phases.flatMap((phase) => phase.steps))
  const inOrder = steps.toSorted((a, b) => beginOf(a) - beginOf(b))
  return [
    ...phases.map((phase) => ({
      title: phase.title,
      steps: inOrder.filter(({ id }) => phase.steps.includes(id)),
    })),
    { title: '', steps: inOrder.filter(({ id }) => !known.has(id)) },
  ]
    .filter(({ steps }) => steps.length)
    .sort((a, b) => beginOf(a.steps[0]!) - beginOf(b.steps[0]!))
}

const beginOf = ({ spans }: StoryStep): number => spans[0]?.from ?? Number.POSITIVE_INFINITY

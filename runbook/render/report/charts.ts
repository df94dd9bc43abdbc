import { duration } from '../../model/duration.ts'
import type { Sample } from '../../model/event.ts'
import { bytes } from '../../model/quantity.ts'
import { Html, html } from './html.ts'

/** What a watch has counted, a small picture for each figure that did not stay the same; the others as text. */
export const charts = (samples: readonly Sample[]): Html => {
  const names = [...new Set(samples.flatMap((sample) => Object.keys(sample)))].filter(
    (name) => name !== 'elapsed' && name !== 'of',
  )
  const series = names.map((name) => ({
    name,
    points: samples.flatMap((sample) =>
      sample[name] === undefined ? [] : [{ at: sample.elapsed ?? 0, value: sample[name] }],
    ),
  }))
  const [moving, still] = [series.filter(moves), series.filter((one) => !moves(one))]
  return html`<div class="charts">${moving.map(chart)}</div>
${
  still.length > 0 &&
  html`<p class="faint">unchanged: ${still.map(({ name, points }) => `${name} ${figure(name, points[0]!.value)}`).join(', ')}</p>`
}`
}

interface Series {
  name: string
  /** `at`: milliseconds since the watch began. */
  points: { at: number; value: number }[]
}

const moves = ({ points }: Series): boolean => points.some(({ value }) => value !== points[0]!.value)

const [WIDTH, HEIGHT] = [240, 48]

const chart = ({ name, points }: Series): Html => {
  const values = points.map(({ value }) => value)
  const [least, most] = [Math.min(...values), Math.max(...values)]
  const [from, until] = [points[0]!.at, points.at(-1)!.at]
  const x = (at: number) => (((at - from) / Math.max(1, until - from)) * WIDTH).toFixed(1)
  const y = (value: number) => (HEIGHT - 2 - ((value - least) / (most - least)) * (HEIGHT - 4)).toFixed(1)
  const line = new Html(points.map(({ at, value }) => `${x(at)},${y(value)}`).join(' '))
  return html`<figure><figcaption><b>${name}</b><span>${figure(name, least)} to ${figure(name, most)}</span></figcaption>
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label="${name}, over ${duration(until - from)}">
<polyline points="${line}" fill="none" stroke="currentColor" stroke-width="1.5" vector-effect="non-scaling-stroke"/></svg></figure>`
}

/** With its unit, which its name tells: see `Sample`. */
const figure = (name: string, value: number): string => {
  if (name.startsWith('memory')) return bytes(value)
  if (/^(p\d+|max|longest)\b/.test(name)) return duration(value)
  return `${value.toLocaleString('en-US', { maximumFractionDigits: 1 })}${name.startsWith('cpu') ? ' %' : ''}`
}

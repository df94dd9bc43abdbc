import type { RunState } from '../../journal/fold.ts'
import { nextCommands } from '../../journal/next-commands.ts'
import { phaseTimes } from '../../journal/phase-times.ts'
import { isAmiss, type Verdict, verdictsOf } from '../../journal/verdicts.ts'
import { duration } from '../../model/duration.ts'
import type { RunVerdict } from '../../model/event.ts'
import { explain } from '../../model/explain.ts'
import type { Failure } from '../../model/failure.ts'
import { whoText } from '../../model/who.ts'
import { diagnosedLines, likelihoodOf } from '../diagnosed-text.ts'
import { momentText } from '../moment-text.ts'
import { probedText } from '../probed-text.ts'
import { runTitle } from '../run-title.ts'
import { tookText } from '../took-text.ts'
import { verdictText } from '../verdict-lines.ts'
import { factList } from './facts.ts'
import { Html, html } from './html.ts'
import { stepDetails } from './step-details.ts'
import type { Story } from './story.ts'
import { STYLE } from './style.ts'
import { inPhases, timeline } from './timeline.ts'

export interface Report {
  run: string
  /** Visible text only: see `visibleIn`. */
  state: RunState
  story: Story
  /** Whether the transcript is as it was written, and what its last line's hash is. */
  seal: string
  /** When the page was written; ISO 8601. */
  at: string
  version: string
}

/** One page of a run that needs nothing else: no script, no file beside it, no network. */
export const reportPage = (report: Report): string => {
  const { run, state, story, seal, at, version } = report
  const title = titleOf(run, state)
  const phases = state.started?.phases ?? []
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${title}: ${verdictOf(state)}</title>
<style>${new Html(STYLE)}</style>
</head>
<body>
<h1>${title} <span class="verdict ${colourOf(state)}">${verdictOf(state)}</span></h1>
${facts(report)}
${state.ended?.failure && failureBox(state.ended.failure, state)}
${section('What verifies', verified(state))}
${section('When', timeline(story, phases))}
${section('How long each phase took', phaseTable(state))}
${section(
  'What users met with meanwhile',
  state.probed.map((one) => html`<p>${probedText(one)}</p>`),
)}
${section(
  'Step by step',
  inPhases(story.steps, phases).map(
    ({ title, steps }) => html`${title && html`<h3>${title}</h3>`}${steps.map(stepDetails)}`,
  ),
)}
${section(
  'Asked and answered',
  story.answers.map(
    ({ at, question, answer, by, who }) =>
      html`<p><span class="faint">${at.slice(11, 19)}</span> ${question} <b>${answer}</b> <span class="faint">${by === 'flag' ? 'by a flag' : who}</span></p>`,
  ),
)}
${section('Looked at beforehand', factList(story.beforehand.filter(({ diagnosed }) => !diagnosed)))}
<footer>
<p>${seal}</p>
<p>Written on ${momentText(at)} by <code>runbook report ${run}</code>, runbook ${version}. What the book names as a secret is not in it.</p>
</footer>
</body>
</html>
`.text
}

const section = (title: string, content: Html | readonly Html[] | false): Html | false => {
  const text = content && html`${content}`.text.trim()
  return text ? html`<h2>${title}</h2>\n${new Html(text)}` : false
}

const titleOf = (run: string, { started }: RunState): string => {
  if (!started) return run
  const title = runTitle(started)
  return `${title[0]!.toUpperCase()}${title.slice(1)}`
}

const WORDS: Record<RunVerdict, { words: string; colour: string }> = {
  done: { words: 'done', colour: 'good' },
  failed: { words: 'failed', colour: 'bad' },
  declined: { words: 'declined', colour: 'calm' },
  interrupted: { words: 'interrupted', colour: 'warn' },
  'rolled-back': { words: 'rolled back', colour: 'warn' },
  'rollback-failed': { words: 'the rollback failed', colour: 'bad' },
}
const verdictOf = ({ ended }: RunState): string => (ended ? WORDS[ended.verdict].words : 'has no end')
const colourOf = ({ ended }: RunState): string => (ended ? WORDS[ended.verdict].colour : 'warn')

const facts = ({ run, state: { started, ended, revision, resumed } }: Report): Html => {
  const rows: [string, string | Html | undefined][] = [
    ['run', run],
    ['by', started && `${whoText(started)}, runbook ${started.version}`],
    ['began', started && momentText(started.at)],
    [
      'ended',
      ended
        ? `${momentText(ended.at)}, after ${tookText(ended)}, exit ${ended.exit}`
        : 'not yet, or it was killed',
    ],
    [
      '',
      resumed && 'it was gone on with after an end or a crash: the time that it lay still is left out below',
    ],
    ['revision', revision ? html`<code>${revision.from}</code> → <code>${revision.to}</code>` : undefined],
    ['takes back', started?.takesBack],
    ['because', started?.reason],
    ['allowed by name', started?.told?.allow?.join(', ')],
  ]
  return html`<dl>${rows.map(([name, value]) => value && html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>`
}

const failureBox = (failure: Failure, state: RunState): Html => {
  const { sentence, remedy, detail } = explain(failure)
  const { goOn, back } = nextCommands(state.ended?.verdict ?? 'interrupted', state)
  return html`<div class="failure">
<p><b>${sentence}</b></p>
${detail && html`<pre>${detail.trimEnd()}</pre>`}
<p>→ ${remedy}</p>
${state.diagnosed.map((looked) => html`<p>${likelihoodOf(looked)}: ${diagnosedLines(looked).join(' ')}</p>`)}
${goOn && html`<p>to go on: <code>${goOn}</code></p>`}
${back && html`<p>to get back: <code>${back}</code></p>`}
</div>`
}

const verified = (state: RunState): Html | false => {
  const verdicts = verdictsOf(state)
  if (verdicts.length === 0) return false
  const row = (one: (typeof verdicts)[number]) =>
    html`<li><span class="${VERDICT_COLOURS[one.verdict]}">${isAmiss(one) ? '✖' : '✔'}</span> ${verdictText(one)}</li>\n`
  return html`<ul class="facts">${verdicts.map(row)}</ul>`
}
const VERDICT_COLOURS: Record<Verdict, string> = {
  ...{
    holds: 'good',
    mended: 'good',
    neither: 'warn',
    unknown: 'warn',
    'went-back': 'warn',
    unproven: 'bad',
    lost: 'bad',
  },
}

const phaseTable = (state: RunState): Html | false => {
  const times = phaseTimes(state)
  if (!times.some(({ took }) => took !== undefined)) return false
  const cell = (ms: number | undefined) =>
    html`<td class="number">${ms === undefined ? '' : duration(ms)}</td>`
  return html`<table>
<tr><th>phase</th><th class="number">estimated</th><th class="number">usually</th><th class="number">took</th></tr>
${times.map(
  ({ title, takes, usually, took }) =>
    html`<tr><td>${title}</td>${cell(takes)}${cell(usually)}${took === undefined ? html`<td class="number faint">not begun</td>` : cell(took)}</tr>\n`,
)}</table>`
}

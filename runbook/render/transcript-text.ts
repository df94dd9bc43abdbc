import { foldRun } from '../journal/fold.ts'
import type { Event, EventOf } from '../model/event.ts'
import { whoText } from '../model/who.ts'
import { failureText } from './outcome-text.ts'
import type { Paint } from './paint.ts'
import { phaseTable } from './phase-table.ts'
import { probedText } from './probed-text.ts'
import { runTitle } from './run-title.ts'
import { SampleLines } from './sample-lines.ts'
import { stepLines } from './step-lines.ts'
import { tookText } from './took-text.ts'
import { verdictLines } from './verdict-lines.ts'
import { visible, visibleIn } from './visible.ts'

/** A transcript for a person: when, what, with which evidence. `verbose` adds what was looked at and printed. */
export const transcriptText = (
  run: string,
  events: readonly Event[],
  options: { paint: Paint; verbose: boolean },
): string => {
  const titles = new Map(
    events.flatMap((event) =>
      event.type === 'step-started' ? [[event.step, visible(event.title)]] : [],
    ) as [string, string][],
  )
  const samples = new SampleLines(true)
  const isShown = (event: Event) =>
    event.type !== 'looked' || !event.sample || samples.isNews(event) || options.verbose
  const lines = events.flatMap((event, i) =>
    isShown(event)
      ? eventLines(visibleIn(event), titles, { ...options, soFar: () => events.slice(0, i + 1) })
      : [],
  )
  return `${[options.paint.bold(run), ...lines].join('\n')}\n`
}

const eventLines = (
  event: Event,
  titles: ReadonlyMap<string, string>,
  { paint, verbose, soFar }: { paint: Paint; verbose: boolean; soFar(): readonly Event[] },
): string[] => {
  const at = paint.dim(event.at.slice(11, 19))
  switch (event.type) {
    case 'run-started':
      return [
        `${at} ${runTitle(event)}, by ${whoText(event)}, runbook ${event.version}`,
        ...toldLines(event, at),
      ]
    case 'step-started':
      return [`${at} ${paint.bold(titles.get(event.step) ?? event.step)}`]
    case 'output':
      return verbose ? [event.text.replace(/\n$/, '').replace(/^/gm, '         │ ')] : []
    case 'answered':
      return [
        `${at}   ${event.question} ${paint.bold(event.answer)}${event.own ? ', the operator’s own approval' : ''}${event.by === 'flag' ? ' (by a flag)' : event.who ? `, says ${event.who}` : ''}`,
      ]
    case 'run-ended':
      return [
        `${at} ${event.verdict}, exit ${event.exit}, ${tookText(event)}`,
        ...(event.failure ? [failureText(event.failure, undefined, paint)] : []),
        ...phaseTable(foldRun(soFar())),
        ...verdictLines(foldRun(soFar()), paint),
      ]
    default: {
      if (event.type === 'looked' && event.probed) return [`${at} ${probedText(event.probed)}`]
      const title = 'step' in event && event.step ? (titles.get(event.step) ?? event.step) : ''
      // What was performed is the heart of a transcript, whether or not the rest is wanted.
      return stepLines(event, title, paint, verbose || event.type === 'action-started').map(
        (line) => `${at} ${line}`,
      )
    }
  }
}

/** What was overridden by name. */
const toldLines = ({ told = {} }: EventOf<'run-started'>, at: string): string[] => {
  const { allow = [], around = [], otherWay, onFailure, revision } = told
  return [
    ...(revision === undefined ? [] : [`--revision ${revision}`]),
    ...allow.map((name) => `--allow ${name}`),
    ...around.map((step) => `--around ${step}`),
    ...(otherWay ? ['--other-way'] : []),
    ...(onFailure ? [`--on-failure ${onFailure}`] : []),
  ].map((option) => `${at}   told by name: ${option}`)
}

import { duration } from '../model/duration.ts'
import type { Event, EventOf } from '../model/event.ts'
import { explain } from '../model/explain.ts'
import { diagnosedLines, likelihoodOf } from './diagnosed-text.ts'
import type { Paint } from './paint.ts'
import { sampleLine } from './sample-lines.ts'

/** What stays on the screen, and in a log, of each event: evidence, not ticks. */
export const stepLines = (event: Event, title: string, paint: Paint, verbose: boolean): string[] => {
  switch (event.type) {
    case 'looked':
      // Which of the figures are shown, the view knows.
      if (event.sample) return [sampleLine(event, paint)]
      return lookedLines(event, paint, verbose)
    case 'action-started':
      return verbose ? [`    ${paint.dim(`$ ${event.printed.replaceAll('\n', '\n      ')}`)}`] : []
    case 'action-ended':
      return event.again ? [againLine(event.again, paint)] : []
    case 'step-done':
      return [
        `  ${paint.green('✔')} ${title}${event.summary && ` · ${event.summary}`}  ${paint.dim(duration(event.ms))}`,
      ]
    case 'step-skipped':
      return [`  ${paint.cyan('↷')} ${title} · ${event.why}${event.seen && `: ${shortened(event.seen)}`}`]
    case 'step-failed':
      return [
        `  ${paint.red('✖')} ${title} · ${firstLine(explain(event.failure).sentence)}  ${paint.dim(duration(event.ms))}`,
      ]
    case 'verified':
      return event.when === 'before' ? [beforehandLine(event, paint)] : []
    case 'answered':
      // What an operator typed stands on the screen already.
      return [
        ...(event.by === 'flag'
          ? [`  ${paint.dim(`${shortened(event.question)} ${event.answer} (by a flag)`)}`]
          : []),
        ...(event.own
          ? [
              `  ${paint.yellow('!')} ${event.answer} performs this too: the transcript has it as the operator’s own approval`,
            ]
          : []),
      ]
    default:
      return []
  }
}

const beforehandLine = ({ title, holds, seen }: EventOf<'verified'>, paint: Paint): string => {
  const mark = holds ? paint.green('✔') : holds === null ? paint.dim('?') : paint.yellow('✖')
  const words = `${title} · ${shortened(seen)}`
  return `  ${paint.dim('before')}  ${mark} ${holds === false ? words : paint.dim(words)}`
}

const againLine = ({ because, try: number, of, in: pause }: Again, paint: Paint): string =>
  `    ${paint.yellow('↻')} ${firstLine(because)}; try ${number} of ${of} in ${duration(pause)}`
type Again = NonNullable<EventOf<'action-ended'>['again']>

const lookedLines = (looked: EventOf<'looked'>, paint: Paint, verbose: boolean): string[] => {
  const { side, holds, fact, seen, step, process, probed, outage, diagnosed, notified, untold } = looked
  if (outage) return [`  ${holds ? paint.green('✔') : paint.red('!')} ${seen}`]
  // That something is not done yet is the reason for a step, not a finding; nor is the number of a process; and what
  // users met with is said in the end.
  if (side === 'already' || process || probed) return []
  if (diagnosed && !holds)
    return diagnosedLines(looked).map((line, i) =>
      i ? `      ${paint.yellow(line)}` : `    ${paint.yellow(`${likelihoodOf(looked)}:`)} ${line}`,
    )
  if (notified && !holds)
    return [`  ${paint.yellow('!')} not so: ${fact}: ${firstLine(seen)}; the run goes on`]
  if (notified && !verbose) return []
  if (untold && side === 'after')
    return [`    ${paint.yellow('?')} ${fact}, as far as it can be told: ${seen}`]
  if (!holds) return step ? [`    ${paint.red('✖')} ${fact}: ${seen}`] : []
  return side === 'after' || verbose ? [`    ${paint.dim(`✓ ${fact}: ${firstLine(seen)}`)}`] : []
}

/** What does not hold may be a long list: the transcript has all of it. */
const shortened = (text: string): string => {
  const line = firstLine(text)
  return line.length > LONGEST || line !== text ? `${line.slice(0, LONGEST).trimEnd()} …` : line
}
const LONGEST = 160

const firstLine = (text: string): string => text.split('\n', 1)[0]!

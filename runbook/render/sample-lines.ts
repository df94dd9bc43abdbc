import { duration } from '../model/duration.ts'
import type { EventOf } from '../model/event.ts'
import type { Paint } from './paint.ts'

/** How often figures are a line where nothing has changed. Milliseconds. */
const MINUTE = 60_000

/** Which of the figures of a watch are worth a line that stays: when something goes wrong or well again, and each minute. */
export class SampleLines {
  readonly #lasts = new Map<string, { minute: number; well: boolean }>()

  constructor(private readonly eachMinute: boolean) {}

  /** Whether these are; to be asked once for each. */
  isNews({ step = '', sample, holds }: EventOf<'looked'>): boolean {
    const minute = Math.floor((sample?.elapsed ?? 0) / MINUTE)
    const last = this.#lasts.get(step)
    this.#lasts.set(step, { minute, well: holds })
    // The last figures of all are in the summary.
    if (isOver(sample)) return !holds
    return last ? last.well !== holds || (this.eachMinute && last.minute !== minute) : !holds
  }
}

const isOver = (sample: EventOf<'looked'>['sample']): boolean => !!sample && sample.elapsed! >= sample.of!

/** '2 min 05 s of 10 min 00 s: 418 requests, 0 failed, …' */
export const sampleLine = ({ sample, seen, holds }: EventOf<'looked'>, paint: Paint): string =>
  `    ${holds ? paint.green('·') : paint.yellow('!')} ${paint.dim(`${progress(sample!)}:`)} ${seen}`

export const progress = ({ elapsed = 0, of = 0 }: NonNullable<EventOf<'looked'>['sample']>): string =>
  `${duration(elapsed)} of ${duration(of)}`

/** The same as a block of lines, none longer than most terminals are wide. */
export const sampleBlock = (seen: string): string[] => {
  const lines: string[] = []
  for (const part of seen.split(/(?<=[,;]) /)) {
    const last = lines.at(-1)
    if (last !== undefined && `${last} ${part}`.length <= WIDTH && !last.endsWith(';'))
      lines[lines.length - 1] = `${last} ${part}`
    else lines.push(part)
  }
  return lines
}
const WIDTH = 72

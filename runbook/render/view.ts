import type { Event } from '../model/event.ts'
import { explain } from '../model/explain.ts'
import type { Sort } from '../model/step.ts'
import type { Arrangement } from '../plan/plan.ts'
import { placesOf } from '../plan/plan.ts'
import type { Paint } from './paint.ts'
import { SampleLines } from './sample-lines.ts'
import { stepLines } from './step-lines.ts'
import { visible, visibleIn } from './visible.ts'

/** How many of the last lines of a failure are shown before a question. */
const SHOWN = 15

/** Draws what the engine does, from its events. It decides nothing. */
export interface View {
  event(event: Event): void
  /** Clears the way for a question; nothing is written until it is answered. */
  pause(): Promise<void>
  resume(): void
  end(): Promise<void>
}

/** Lines that stay: for a pipe, a log, and everything finished on a terminal. */
export class PlainView implements View {
  readonly #titles: Map<string, string>
  readonly #phases: Map<string, string>
  readonly #sorts: Map<string, Sort>
  /** What was seen of a step that has not ended: it stands below the step's own line. */
  readonly #evidence = new Map<string, string[]>()
  #phase = ''
  /** What explains the last failure: whoever is asked what to do now must have seen it. */
  #failed: string | undefined
  readonly #samples: SampleLines
  /** What happened since a question was asked. */
  #held: Event[] | undefined

  constructor(
    arrangement: Pick<Arrangement, 'entries' | 'steps'>,
    private readonly options: PlainOptions,
  ) {
    // Where a tree is drawn, that tells how far it is.
    this.#samples = new SampleLines(options.announce)
    this.#titles = new Map(arrangement.steps.map(({ id, title }) => [id, visible(title)]))
    this.#sorts = new Map(arrangement.steps.map(({ id, sort }) => [id, sort]))
    this.#phases = new Map([...placesOf(arrangement.entries)].map(([id, { phase }]) => [id, visible(phase)]))
  }

  /** What is never written need not be kept until it could be: a child may print a gigabyte meanwhile. */
  shows(event: Event): boolean {
    if (event.type === 'looked' && event.sample) return this.#samples.isNews(event) || this.options.verbose
    return event.type !== 'output' || this.options.verbose
  }

  event(event: Event): void {
    if (this.shows(event)) this.show(event)
  }

  /** One of which `shows` has said so. */
  show(event: Event): void {
    if (this.#held) this.#held.push(event)
    else this.#write(event)
  }

  async pause(): Promise<void> {
    this.#held ??= []
  }

  resume(): void {
    const held = this.#held ?? []
    this.#held = undefined
    for (const event of held) this.#write(event)
  }

  async end(): Promise<void> {
    this.resume()
  }

  #write(event: Event): void {
    const { paint, verbose, announce, write } = this.options
    if (event.type === 'output') {
      write(indented(visible(event.text)))
      return
    }
    const shown = visibleIn(event)
    if (shown.type === 'step-started' && !this.#titles.has(shown.step))
      this.#titles.set(shown.step, shown.title)
    const title = 'step' in shown && shown.step ? (this.#titles.get(shown.step) ?? shown.step) : ''
    if (shown.type === 'step-started') {
      // One that is no section of the page, such as a rehearsed one, belongs to the part that goes on.
      this.#begin(this.#phases.get(shown.step) ?? this.#phase)
      if (announce) write(`  ${paint.dim(`→ ${title}`)}\n`)
    }
    if (shown.type === 'step-started') this.#failed = undefined
    if (shown.type === 'step-failed') this.#failed = explain(shown.failure).detail
    if (shown.type === 'asked') write(this.#explanation() + aboutText(shown.about, paint))
    const lines = stepLines(shown, title, paint, verbose)
    if (shown.type === 'looked' && shown.side === 'after' && shown.step) this.#keep(shown.step, lines)
    else if (endsStep(shown)) write([...lines, ...this.#take(shown), ''].join('\n'))
    else for (const line of lines) write(`${line}\n`)
  }

  #explanation(): string {
    const lines = this.#failed?.trimEnd().split('\n').slice(-SHOWN) ?? []
    this.#failed = undefined
    return lines.map((line) => `${this.options.paint.dim(`    │ ${line}`)}\n`).join('')
  }

  #keep(step: string, lines: string[]): void {
    this.#evidence.set(step, [...(this.#evidence.get(step) ?? []), ...lines])
  }

  /** Where a summary says it in a line, the single facts are left to the transcript; not so where facts are the point. */
  #take(event: Event & { step: string }): string[] {
    const lines = this.#evidence.get(event.step) ?? []
    this.#evidence.delete(event.step)
    const saidAlready =
      event.type === 'step-skipped' ||
      (event.type === 'step-done' && event.summary && this.#sorts.get(event.step) !== 'verifies')
    return saidAlready && !this.options.verbose ? [] : lines
  }

  #begin(phase: string): void {
    if (phase === this.#phase) return
    this.#phase = phase
    if (phase) this.options.write(`\n${this.options.paint.bold(phase)}\n`)
  }
}

export interface PlainOptions {
  paint: Paint
  verbose: boolean
  /** Whether the beginning of a step is a line too, where nothing else shows it. */
  announce: boolean
  write(text: string): void
}

/** What whoever is asked should know: right above the question. */
const aboutText = (about: readonly string[] = [], paint: Paint): string =>
  about.map((line) => `  ${paint.cyan('·')} ${line}\n`).join('')

const endsStep = (event: Event): event is Event & { step: string } =>
  event.type === 'step-done' || event.type === 'step-skipped' || event.type === 'step-failed'

const indented = (text: string): string => `${text.replace(/\n$/, '').replace(/^/gm, '      ')}\n`

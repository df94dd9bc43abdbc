import type { ListrTaskWrapper } from 'listr2'
import { duration } from '../model/duration.ts'
import type { Event, EventOf } from '../model/event.ts'
import type { Arrangement } from '../plan/plan.ts'
import { progress, sampleBlock } from './sample-lines.ts'
import { type PlainOptions, PlainView, type View } from './view.ts'
import { visible } from './visible.ts'

/** How long a step runs before it is drawn; what is done sooner is only a line. Milliseconds. */
const UNNOTICED = 100
/** How often durations and output are drawn. Milliseconds. */
const TICK = 200
/** How many events wait behind a drawing. */
const MOST_HELD = 100

/** A step that runs now. */
interface Running {
  title: string
  since: number
  usually: number | undefined
  /** The latest. */
  output?: EventOf<'output'>
  /** The latest figures, of one that watches. */
  sampled?: EventOf<'looked'>
  task?: ListrTaskWrapper<unknown, any, any>
}
/** listr2's tree of what runs, until it is taken off the screen. */
interface Drawing {
  over: Promise<void>
  takeOff(): void
}

/**
 * The terminal: lines for what is finished, and below them listr2's tree of what runs now. listr2 is given only what
 * is on the screen, because it redraws every task that it was ever given.
 */
export class LiveView implements View {
  readonly #plain: PlainView
  readonly #titles: ReadonlyMap<string, string>
  readonly #running = new Map<string, Running>()
  /** What happened while something is drawn: nothing is written between the lines of a drawing. */
  readonly #held: Event[] = []
  #drawing: Drawing | undefined
  #clearing: Promise<void> | undefined
  #soon: NodeJS.Timeout | undefined
  /** While a question is on the screen, nothing else is drawn there. */
  #asking = false

  constructor(
    arrangement: Pick<Arrangement, 'entries' | 'steps'>,
    options: Omit<PlainOptions, 'announce'>,
    private readonly usually: ReadonlyMap<string, number>,
  ) {
    this.#plain = new PlainView(arrangement, { ...options, announce: false })
    this.#titles = new Map(arrangement.steps.map(({ id, title }) => [id, visible(title)]))
  }

  event(event: Event): void {
    const stays = this.#plain.shows(event)
    if (stays && this.#drawing) this.#held.push(event)
    else if (stays) this.#plain.show(event)
    switch (event.type) {
      case 'looked': {
        const running = event.sample && this.#running.get(event.step!)
        if (running) running.sampled = event
        // What users meet with is not held back until the step has ended.
        if ((running && stays) || event.outage) this.#redraw()
        break
      }
      case 'output': {
        const running = this.#running.get(event.step)
        if (running) running.output = event
        // Held output is memory.
        if (this.#held.length > MOST_HELD) this.#redraw()
        break
      }
      case 'step-started':
        this.#running.set(event.step, {
          title: this.#titles.get(event.step) ?? visible(event.title),
          since: performance.now(),
          usually: this.usually.get(event.step),
        })
        this.#redraw()
        break
      case 'step-done':
      case 'step-skipped':
      case 'step-failed':
        this.#running.delete(event.step)
        this.#redraw()
    }
  }

  async pause(): Promise<void> {
    this.#asking = true
    this.#notSoon()
    await this.#clear()
    await this.#plain.pause()
  }

  resume(): void {
    this.#asking = false
    this.#plain.resume()
    this.#redraw()
  }

  async end(): Promise<void> {
    this.#running.clear()
    await this.pause()
    await this.#plain.end()
  }

  /** What is drawn no longer fits: it is taken off, and drawn anew if there is still something to see a little later. */
  #redraw(): void {
    if (this.#asking) return
    if (this.#drawing) void this.#clear().then(() => this.#redraw())
    else if (this.#running.size === 0) this.#notSoon()
    else
      this.#soon ??= setTimeout(() => {
        this.#soon = undefined
        if (!this.#drawing && this.#running.size > 0) this.#draw()
      }, UNNOTICED)
  }

  #notSoon(): void {
    clearTimeout(this.#soon)
    this.#soon = undefined
  }

  #draw(): void {
    const steps = [...this.#running.values()]
    let takeOff = () => {}
    const takenOff = new Promise<void>((resolve) => {
      takeOff = resolve
    })
    this.#drawing = { takeOff, over: drawUntil(takenOff, steps) }
  }

  #clear(): Promise<void> {
    this.#clearing ??= (async () => {
      this.#drawing?.takeOff()
      await this.#drawing?.over
      this.#drawing = undefined
      for (const event of this.#held.splice(0)) this.#plain.show(event)
      this.#clearing = undefined
    })()
    return this.#clearing
  }
}

const drawUntil = async (takenOff: Promise<void>, steps: Running[]): Promise<void> => {
  const { Listr } = await import('listr2')
  const tasks = steps.map((step) => ({
    title: caption(step),
    task: async (_: unknown, task: ListrTaskWrapper<unknown, any, any>) => {
      step.task = task
      await takenOff
    },
  }))
  const ticking = setInterval(() => {
    for (const step of steps) {
      if (!step.task) continue
      step.task.title = caption(step)
      const line = step.output && lastLine(step.output.text)
      if (line) step.task.output = line
    }
  }, TICK)
  // To draw is nothing to wait for.
  ticking.unref()
  await new Listr(tasks, {
    concurrent: true,
    exitOnError: false,
    registerSignalListeners: false,
    rendererOptions: { clearOutput: true },
  }).run()
  clearInterval(ticking)
}

const caption = ({ title, since, usually, sampled }: Running): string => {
  const took = performance.now() - since
  // Between two samples time goes on.
  if (sampled?.sample)
    return [
      `${title}  ${progress({ ...sampled.sample, elapsed: Math.min(took, sampled.sample.of!) })}`,
      ...sampleBlock(visible(sampled.seen)),
    ].join('\n')
  return `${title}  ${duration(took)}${usually ? ` of about ${duration(usually)}` : ''}`
}

const lastLine = (text: string): string =>
  visible(text.slice(-400))
    .split('\n')
    .filter((line) => line.trim())
    .at(-1)
    ?.trim() ?? ''

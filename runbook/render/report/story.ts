import type { Event, EventOf, Sample } from '../../model/event.ts'
import type { Failure } from '../../model/failure.ts'
import type { FrozenUndo } from '../../model/undo.ts'

/** A run as its page tells it: what was said and done, step by step. */
export interface Story {
  /** When something of the run went on; milliseconds since 1970. A run that is gone on with has several. */
  sittings: Span[]
  /** Looked at before the first step. */
  beforehand: Looked[]
  steps: StoryStep[]
  answers: (EventOf<'answered'> & { at: string })[]
}
export interface Span {
  from: number
  until: number
}
export interface StoryStep {
  id: string
  title: string
  /** When it was worked on. */
  spans: Span[]
  is: 'done' | 'skipped' | 'failed' | 'in-doubt'
  /** Its evidence, or why it was skipped. */
  said: string
  failure?: Failure
  looked: Looked[]
  actions: StoryAction[]
  samples: Sample[]
  undo?: FrozenUndo
}
type Looked = EventOf<'looked'>
export interface StoryAction {
  name: string
  printed: string
  /** Absent: its end is not known. */
  ended?: EventOf<'action-ended'>
  /** The end of what it printed. */
  output: string
  /** Bytes before that. */
  left: number
}

/** How much of what one action printed stands on the page. */
const MOST = 8_000

/** Reads a transcript from its beginning to its end. */
export const storyOf = (events: Iterable<Event>): Story => {
  const story: Story = { sittings: [], beforehand: [], steps: [], answers: [] }
  const steps = new Map<string, StoryStep>()
  for (const event of events) {
    const at = Date.parse(event.at)
    if (event.type === 'run-started') {
      closeOpen(story)
      story.sittings.push({ from: at, until: at })
    }
    const sitting = story.sittings.at(-1)
    if (sitting) sitting.until = Math.max(sitting.until, at)
    if (event.type === 'answered') story.answers.push(event)
    if (event.type === 'looked' && event.step === undefined) story.beforehand.push(event)
    if ('step' in event && event.step !== undefined && event.type !== 'planned') {
      const step = steps.get(event.step) ?? begin(event.step, steps, story)
      tell(step, event, at)
    }
  }
  closeOpen(story)
  return story
}

const begin = (id: string, steps: Map<string, StoryStep>, story: Story): StoryStep => {
  const step: StoryStep = {
    ...{ id, title: id, spans: [], is: 'in-doubt', said: '' },
    ...{ looked: [], actions: [], samples: [] },
  }
  steps.set(id, step)
  story.steps.push(step)
  return step
}

const tell = (step: StoryStep, event: Event, at: number): void => {
  switch (event.type) {
    case 'step-started':
      step.title = event.title
      step.is = 'in-doubt'
      step.spans.push({ from: at, until: Number.NaN })
      return
    case 'undo-frozen':
      step.undo = event.undo
      return
    case 'looked':
      if (event.sample) step.samples.push(event.sample)
      else step.looked.push(event)
      return
    case 'action-started':
      step.actions.push({ name: event.action, printed: event.printed, output: '', left: 0 })
      return
    case 'output': {
      const action = step.actions.findLast(({ name }) => name === event.action)
      if (!action) return
      const all = action.output + event.text
      action.output = all.slice(-MOST)
      action.left += Buffer.byteLength(all.slice(0, -MOST))
      return
    }
    case 'action-ended': {
      const action = step.actions.findLast(({ name }) => name === event.action)
      if (action) action.ended = event
      return
    }
    case 'step-done':
      end(step, at, 'done', event.summary)
      return
    case 'step-skipped':
      end(step, at, 'skipped', [event.why, event.seen].filter(Boolean).join(': '))
      return
    case 'step-failed':
      step.failure = event.failure
      end(step, at, 'failed', '')
      return
    default:
      return
  }
}

const end = (step: StoryStep, at: number, is: StoryStep['is'], said: string): void => {
  step.is = is
  step.said = said
  if (is !== 'failed') delete step.failure
  const span = step.spans.at(-1)
  if (span) span.until = at
}

/** What was begun when a run was killed went on until then, as far as anybody knows. */
const closeOpen = ({ steps, sittings }: Story): void => {
  const until = sittings.at(-1)?.until
  if (until === undefined) return
  for (const { spans } of steps) for (const span of spans) if (Number.isNaN(span.until)) span.until = until
}

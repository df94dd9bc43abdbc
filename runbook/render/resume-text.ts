import type { RunState } from '../journal/fold.ts'
import type { Step } from '../model/step.ts'
import type { Paint } from './paint.ts'
import { visible } from './visible.ts'

/** What is gone on with, and from where: the lines above its plan. */
export const resumeText = (
  { id, state }: { id: string; state: RunState },
  { done, changed, paint }: { done: readonly Step[]; changed: boolean; paint: Paint },
): string => {
  const { started, ended } = state
  const doubtful = [...state.steps.values()].filter((step) => step.state.is === 'in-doubt')
  return [
    `  goes on with  ${id}: ${visible(started?.operator ?? '?')} on ${visible(started?.machine ?? '?')}, ${ended ? ended.verdict : 'killed'}`,
    ...line(
      'done',
      done.map(({ title }) => title),
    ),
    ...line(
      'in doubt',
      doubtful.map(({ title }) => `${title}: it is looked at`),
    ),
    ...(changed ? [paint.yellow('  the book      has changed since; its steps are known by their ids')] : []),
    '',
  ].join('\n')
}

const line = (name: string, titles: readonly string[]): string[] =>
  titles.length ? [`  ${name.padEnd(12)}  ${visible(titles.join(', '))}`] : []

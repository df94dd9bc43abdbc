import { begunStates, type RunState } from '../journal/fold.ts'
import { nextCommands } from '../journal/next-commands.ts'
import { verdictsOf } from '../journal/verdicts.ts'
import { explain } from '../model/explain.ts'
import type { Person } from '../model/person.ts'
import { whoText } from '../model/who.ts'
import { block, code, plain, withCommands } from './markdown.ts'
import { momentText } from './moment-text.ts'
import { personText } from './person-text.ts'
import { phaseTable } from './phase-table.ts'
import { probedText } from './probed-text.ts'
import { tookText } from './took-text.ts'
import { verdictText } from './verdict-lines.ts'
import { visible, visibleIn } from './visible.ts'

/** A run, and what was collected for those who are asked for help. */
export interface Incident {
  run: string
  state: RunState
  /** Whether its transcript is as it was written, in words. */
  seal: string
  /** When it was written; ISO 8601. */
  at: string
  contacts: readonly Person[]
  /** The other files of the bundle. */
  files: readonly { name: string; about: string }[]
  missing: readonly { name: string; why: string }[]
}

/** What whoever is asked for help wants to know first, in words. */
export const incidentPage = (incident: Incident): string => {
  const { run, state, seal, at, contacts, files, missing } = incident
  const { started, ended } = state
  const how = ended ? ({ failed: 'FAILED' }[ended.verdict as 'failed'] ?? ended.verdict) : 'has no end'
  return [
    `# ${started ? `${started.command} of ${started.book} in ${started.env}` : run}: ${how}`,
    '',
    `Written on ${minute(at)} by \`runbook bundle ${run}\`. What the book names as a secret is in none of these files. Logs are the application's: look at them before you pass them on.`,
    '',
    ...section('What happened', [...happened(run, state), `- ${oneLine(seal)}`]),
    ...section(
      'What verifies',
      verdictsOf(state).map((one) => `- ${oneLine(verdictText(one))}`),
    ),
    ...section('The last lines', lastLines(state)),
    ...section('How long it took', lines(phaseTable(state))),
    ...section('What to type next', next(state)),
    ...section(
      'Whom to ask',
      contacts.map((person) => `- ${oneLine(personText(person))}`),
    ),
    ...section(
      'What is in this archive',
      files.map(({ name, about }) => `- \`${name}\`: ${about}`),
    ),
    ...section(
      'What could not be collected',
      missing.map(({ name, why }) => `- \`${name}\`: ${oneLine(why)}`),
    ),
  ].join('\n')
}

const section = (title: string, lines: readonly string[]): string[] =>
  lines.length ? [`## ${title}`, '', ...lines, ''] : []

const happened = (run: string, state: RunState): string[] => {
  const { started, ended, revision, probed } = state
  const failed = [...state.steps.values()].filter(({ state }) => state.is === 'failed')
  const doubtful = [...state.steps.values()].filter(({ state }) => state.is === 'in-doubt')
  const changed = begunStates(state)
  const failure = ended?.failure && visibleIn(explain(ended.failure))
  return [
    ...failed.map(({ title }) => `- Failing step: **${oneLine(title)}**`),
    ...doubtful.map(({ title }) => `- Begun, and its end is not known: **${oneLine(title)}**`),
    ...(failure
      ? [
          `- Error: ${oneLine(failure.sentence)}`,
          `- Remedy: ${withCommands(failure.remedy.replaceAll('\n', '; '))}`,
        ]
      : []),
    `- Run: ${run}${started ? `, by ${oneLine(whoText(started))}, runbook ${started.version}` : ''}`,
    ...(started ? [`- Began: ${momentText(started.at)}`] : []),
    ended
      ? `- Ended: ${momentText(ended.at)}, ${ended.verdict}, exit ${ended.exit}, after ${tookText(ended)}`
      : '- Ended: not, as far as its transcript tells: it goes on, or was killed',
    ...(revision ? [`- Revision: ${revision.from} → ${revision.to}`] : []),
    ...changed.map(
      ({ title, worked, state: { is } }) =>
        `- Changed: ${oneLine(title)}, ${is === 'done' ? `done on ${momentText(stamp(worked.at(-1)!.until))}` : 'not to its end'}`,
    ),
    ...(changed.length ? [] : ['- Changed: nothing that a rollback takes back']),
    ...probed.map((each) => `- Meanwhile: ${oneLine(probedText(each))}`),
  ]
}

const lastLines = ({ ended }: RunState): string[] => {
  const detail = ended?.failure && visibleIn(explain(ended.failure)).detail
  return detail ? block('', detail.trimEnd()) : []
}

const next = (state: RunState): string[] => {
  const { goOn, back } = nextCommands(state.ended?.verdict ?? 'interrupted', state)
  if (state.ended?.verdict === 'done') return []
  return [
    ...(goOn ? [`- to go on: ${code(goOn)}`] : []),
    ...(back ? [`- to get back: ${code(back)}; what it would do: add \`--plan\``] : []),
  ]
}

const lines = (all: readonly string[]): string[] => (all.length ? block('', all.join('\n')) : [])

const oneLine = (text: string): string => plain(visible(text).replaceAll('\n', '; '))
const stamp = (ms: number): string => new Date(ms).toISOString()
const minute = (iso: string): string => `${iso.slice(0, 16).replace('T', ' ')} UTC`

import type { Action } from '../model/action.ts'
import { duration } from '../model/duration.ts'
import type { Environment } from '../model/environment.ts'
import { printText, type Text } from '../model/secret.ts'
import { typed, typedWord } from '../model/shell-word.ts'
import { sqlName } from '../model/sql-word.ts'
import type { Fact, Guide, GuideStep, GuideUndo } from '../plan/guide.ts'
import { byHand } from './by-hand.ts'
import { span } from './limits-text.ts'
import { block, code, plain, withCommands } from './markdown.ts'
import { personText } from './person-text.ts'
import { visibleIn } from './visible.ts'

/** A book as a markdown page, for the day on which the tool itself cannot be used. */
export const guidePage = (guide: Guide): string => {
  const shown = visibleIn(guide)
  const { steps, env, needs } = shown
  const lines = [...head(shown), '## Before you begin', '', ...checklist(needs), '']
  let phase = ''
  for (const [i, step] of steps.entries()) {
    if (step.phase !== phase) lines.push(`## ${plain(step.phase)}`, '', ...estimate(step.phase, shown))
    phase = step.phase
    lines.push(...stepPage(step, i + 1, env))
  }
  return `${lines.join('\n').trimEnd()}\n`
}

const head = ({ book, env, approver, contacts, at, blind, steps }: Guide): string[] => {
  const unseen = steps.filter(({ from }) => from !== 'seen').length
  const looked =
    blind !== undefined
      ? `Nothing was looked at: ${plain(blind)}. It says what is known without looking.`
      : unseen
        ? `${unseen} of its ${steps.length} steps could not be looked at; each says why.`
        : 'Every step was looked at.'
  return [
    `# ${plain(book)} to ${plain(env.name)}, by hand`,
    '',
    `Written on ${at.slice(0, 16).replace('T', ' ')} UTC by \`runbook guide ${env.name}\`, which changes nothing. ${looked}`,
    'Commands are as of then: where something has changed since, write the page anew, or look before you type.',
    '',
    `- Where: ${env.host === 'local' ? 'the machine on which the page was written' : plain(env.host)}, in ${code(env.app.dir)}, ${env.app.revision === undefined ? `branch ${code(env.app.branch)}` : `revision ${code(env.app.revision)}`}.`,
    ...(env.protected
      ? [`- **${plain(env.name)} is protected: make the backup, and do not go on without it.**`]
      : []),
    ...(approver ? [`- A rollback needs the word of ${plain(approver)}.`] : []),
    ...contacts.map((person) => `- When something fails: ${plain(personText(person))}`),
    `- \`‹secret NAME›\` stands for the value of NAME, from \`.env.${env.name}\` beside the book or your shell; \`‹stamp›\` for the time, such as 20261122T021500Z; any other \`‹name›\` for what a line before it has answered; leave an option out of which only the tool knows that, such as \`--snapshot=‹snapshot›\`.`,
    ...(env.database
      ? [
          `- \`PG*=‹secret ${env.database.url.name}›\` stands for PGHOST, PGPORT, PGUSER, PGPASSWORD, PGDATABASE, PGSSLMODE and the like with the parts of that URL. With these set, SQL is for: \`psql -X -v ON_ERROR_STOP=1\`, after ${code(`SET search_path TO ${sqlName(env.database.schema)};`)}`,
        ]
      : []),
    '- Stop at the first line that fails, or the first fact that does not hold.',
    '',
    ...block('sh', [typed`cd ${env.app.dir}`, ...variables(env)].join('\n')),
  ]
}

const estimate = (title: string, { phases }: Guide): string[] => {
  const takes = phases.find((phase) => phase.title === title)?.takes
  return takes === undefined ? [] : [`*By its author it takes ${span(takes)}.*`, '']
}

const variables = ({ variables }: Environment): string[] =>
  Object.entries(variables).map(
    ([name, value]) => `export ${name}=${typedWord(printText(value), { quoted: true })}`,
  )

const stepPage = (step: GuideStep, number: number, env: Environment): string[] => [
  `### ${number}. ${plain(step.title)}`,
  '',
  plain(step.about),
  '',
  ...notes(step).flatMap((note) => [`*${note}*`, '']),
  ...step.findings.map((finding) => `- ${plain(finding)}`),
  ...(step.findings.length ? [''] : []),
  ...facts('Before:', step.before),
  ...actions(step, env),
  ...facts('Afterwards:', step.after),
  ...wayBack(step.undo, env),
]

const notes = ({
  from,
  why,
  parallel,
  optional,
  insteadOf,
  advisory,
  here,
  usually,
}: GuideStep): string[] => [
  ...(here ? ['Its commands are typed on the machine on which the page was written.'] : []),
  ...(from === 'seen' ? [] : [`It could not be looked at: ${plain(why ?? '')}.`]),
  ...(typeof from === 'object'
    ? [`Its commands are those of the run ${from.run}: look whether they still fit before you type them.`]
    : []),
  ...(insteadOf === undefined
    ? []
    : [`Only where “${plain(insteadOf)}” has failed and has changed nothing; otherwise leave it out.`]),
  ...(parallel ? ['It can be done while others of this phase are.'] : []),
  ...(optional ? ['It can be left out.'] : []),
  ...(advisory ? [`Go on when it fails: ${plain(advisory)}.`] : []),
  ...(usually === undefined ? [] : [`It usually takes ${duration(usually)}.`]),
]

const actions = ({ actions, says = {} }: GuideStep, env: Environment): string[] => {
  if (actions?.length) return ['Do:', '', ...actions.flatMap((action) => performed(action, env))]
  if (actions) return ['There is nothing to type: look at what must hold.', '']
  const said = Object.entries(says).flatMap(([name, value]) => {
    const text = optionText(value)
    return text === undefined ? [] : [`- ${plain(name)}: ${code(text)}`]
  })
  return [
    `What is typed depends on what is found, which is not known.${said.length ? ' The book says of it:' : ''}`,
    '',
    ...said,
    ...(said.length ? [''] : []),
  ]
}

/** What of an option a person can read; not a check, nor a pattern. */
const optionText = (value: unknown): string | undefined => {
  if (
    typeof value === 'string' ||
    ['secret', 'template'].includes((value as { kind?: string } | null)?.kind ?? '')
  )
    return printText(value as Text)
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  return Array.isArray(value) && value.every((one) => typeof one === 'string') ? value.join(', ') : undefined
}

const performed = (action: Action, env: Environment): string[] => {
  const { into, text } = byHand(action, env)
  return into === 'text' ? [`- [ ] ${text.replaceAll('\n', '\n      ')}`, ''] : block(into, text)
}

const wayBack = (undo: GuideUndo | undefined, env: Environment): string[] => {
  if (!undo) return ['The way back is known only when it has been looked at.', '']
  if (undo.kind === 'none') return [plain(undo.text), '']
  return [
    undo.of === 'schema' ? 'The way back, only where the schema must go back too:' : 'The way back:',
    '',
    ...undo.actions.flatMap((action) => performed(action, env)),
    ...facts('After the way back:', undo.after),
  ]
}

const facts = (title: string, facts: readonly Fact[] | undefined): string[] =>
  facts?.length ? [title, '', ...checklist(facts), ''] : []

const checklist = (facts: readonly Fact[]): string[] =>
  facts.map(({ fact, remedy }) => `- [ ] ${plain(fact)}. If not: ${withCommands(remedy)}`)

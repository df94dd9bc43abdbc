import { type KnownRun, laterThan } from '../journal/history.ts'
import { reads } from '../model/action.ts'
import { differencesBetween } from '../model/catalogue.ts'
import type { Unmet } from '../model/failure.ts'
import type { Look } from '../model/look.ts'
import { few } from '../model/quantity.ts'
import { typed } from '../model/shell-word.ts'
import { answeringRevision, headOf } from './revisions-now.ts'
import { schemaFingerprint } from './schema-fingerprint.ts'

/** What a rollback has looked at before it begins. */
export interface AsLeft {
  /** What is checked out now; undefined where there is no clone. */
  head: string | undefined
  /** What is not as the run left it, and by which name it is gone over on purpose. */
  unmet: (Unmet & { allow: string })[]
  /** What could not be looked at, so that nobody knows whether it is as the run left it. */
  unseen: string[]
}

/**
 * Whether an environment is as the run left it that is to be rolled back, or a rollback of it since: HEAD, the revision that answers, and
 * the schema, each looked at now. What nobody recorded, such as the schema after a kill, cannot be compared.
 */
export const asLeft = async (target: KnownRun, history: readonly KnownRun[], look: Look): Promise<AsLeft> => {
  const last = history.findLast((run) => run.id === target.id || run.summary.started?.takesBack === target.id)
  const [head, answering, schema] = await Promise.all([
    headOf(look),
    answeringRevision(look),
    schemaFingerprint(look),
  ])
  const left = last ?? target
  const env = look.env.name
  const unmet: AsLeft['unmet'] = []
  const heads = headsLeftBy(left, head)
  const moved = await movedSince(left, head, look)
  if (head && moved)
    unmet.push({
      fact: `HEAD is ${heads.map(short).join(' or ')}, as ${left.id} left it`,
      seen: moved,
      remedy: typed`see what came: git -C ${look.env.app.dir} log ${short(heads[0]!)}..${short(head)}`,
      allow: short(head),
    })
  const known = [target, left].flatMap((run) => [...revisionsOf(run), ...answersOf(run)]).concat(heads)
  if (
    answering &&
    heads.length &&
    !known.some((one) => one.startsWith(answering) || answering.startsWith(one))
  )
    unmet.push({
      fact: `the application answers with a revision of ${left.id}: ${[...new Set(known)].map(short).join(' or ')}`,
      seen: `${short(answering)} answers`,
      remedy: typed`find out who started that: runbook diagnose ${env}`,
      allow: short(answering),
    })
  const was = left.ledger?.closed?.schema
  if (was && schema && was.sum !== schema.sum) {
    const changed = was.objects && schema.objects && few(differencesBetween(was.objects, schema.objects), 5)
    unmet.push({
      fact: `the schema of ${env}’s database is as ${left.id} left it`,
      seen: `it was changed since: ${changed || 'which objects is not known'}`,
      remedy: 'find out who changed it, and whether the previous code can live with it',
      allow: schema.sum.slice(0, 7),
    })
  }
  const unseen =
    was && !schema && look.env.database
      ? [`whether its schema is as ${left.id} left it: it could not be read`]
      : []
  return { head, unmet, unseen }
}

/** Where HEAD may be: of a run whose end nobody recorded, where it was or where it was going. */
const headsLeftBy = ({ summary, ledger }: KnownRun, head: string | undefined): string[] => {
  const { closed, opened } = ledger ?? {}
  // There is a clone, and it could not be looked at when the run ended.
  if (closed && !closed.head && head) return revisionsOf({ summary, ...(ledger && { ledger }) })
  // What was deployed is not what is checked out here: the clone is not where the application runs.
  const isElsewhere =
    closed && opened?.to && closed.head !== opened.to && /^(done|rolled-back)$/.test(closed.verdict)
  if (isElsewhere) return []
  if (closed) return closed.head ? [closed.head] : []
  return revisionsOf({ summary, ...(ledger && { ledger }) })
}

const revisionsOf = ({ summary: { revision }, ledger }: Pick<KnownRun, 'summary' | 'ledger'>): string[] => [
  ...new Set(
    [ledger?.opened.from, ledger?.opened.to, revision?.from, revision?.to].filter((one) => one !== undefined),
  ),
]

const answersOf = ({ ledger }: KnownRun): string[] =>
  [ledger?.opened.answers, ledger?.closed?.answers].filter((one) => one !== undefined)

/** Where HEAD is now, and who moved it by git's own word, where that is not where the run left it. */
export const movedSince = async (
  run: KnownRun,
  head: string | undefined,
  look: Look,
): Promise<string | undefined> => {
  const heads = headsLeftBy(run, head)
  if (!head || heads.length === 0 || heads.includes(head)) return undefined
  return `HEAD is ${short(head)}: ${await movedBy(look)}`
}

/** What git itself remembers of the last move of HEAD. */
const movedBy = async ({ attempt }: Look): Promise<string> => {
  const log = await attempt(reads('git', 'reflog', '-1', '--date=iso', '--format=%gd, %gs, by %gn'))
  return log.ok && log.value
    ? log.value.replace(/^HEAD@\{(.*?)\}/, 'on $1')
    : 'git does not remember who moved it'
}

const short = (commit: string): string => commit.slice(0, 7)

/** What came after the run, and is named by whoever rolls back over it on purpose. */
export const laterUnmet = (
  target: KnownRun,
  history: readonly KnownRun[],
  head: string | undefined,
): AsLeft['unmet'] => {
  const later = laterThan(history, target)
  const last = later.at(-1)
  if (!last) return []
  const env = target.summary.started?.env ?? target.ledger?.opened.env ?? ''
  return [
    {
      fact: `${target.id} is the last run that changed ${env}`,
      seen: later.map((run) => `${describe(run)} came after it`).join('; '),
      remedy: typed`roll that one back first: runbook rollback ${env} --run ${last.id}`,
      allow: head ? short(head) : last.id,
    },
  ]
}

/** '20261128T…-deploy-7f3a by ada on laptop, 2026-11-28 14:02 UTC, 2733485 → 8f9abcd, done' */
export const describe = ({ id, ledger, summary: { started, ended, revision } }: KnownRun): string => {
  const named = ledger?.opened.named ?? started?.told?.revision
  return [
    `${id} by ${started?.operator ?? '?'} on ${started?.machine ?? '?'}`,
    ...(started ? [`${started.at.slice(0, 16).replace('T', ' ')} UTC`] : []),
    ...(revision
      ? [`${short(revision.from)} → ${short(revision.to)}${named === undefined ? '' : ` (${named})`}`]
      : []),
    ended ? ended.verdict : 'not ended',
  ].join(', ')
}

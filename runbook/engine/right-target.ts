import { reads, selects } from '../model/action.ts'
import { explain } from '../model/explain.ts'
import { Failed, type Unmet } from '../model/failure.ts'
import { lookOf, type RunContext } from './run-context.ts'
import { demandOwnSecrets } from './secrets-of-shell.ts'

/**
 * Refuses, before anything else is looked at or locked, what is not the environment that the book means. Where the
 * database cannot be named or does not answer, nothing can be mistaken for it: that is said by whoever needs it.
 */
export const demandRightTarget = async (context: RunContext): Promise<void> => {
  demandOwnSecrets(context)
  if (!context.env.identify) return
  // First what is known without a word to anybody: a wrong server is not asked who it is.
  for (const look of [byName, byAnswer]) {
    const unmet = await look(context)
    if (unmet.length) throw new Failed({ kind: 'before-unmet', unmet })
  }
}

const byName = async ({ env, doors }: RunContext): Promise<Unmet[]> => {
  const { database, server } = env.identify!
  const door = withoutFailing(() => doors.database)
  if (!door) return []
  const seen = `${door.printed}, by ${env.database!.url.name}`
  const remedy = `correct ${env.database!.url.name}: .env.${env.name} beside the book comes first, then the variables of your shell`
  return [
    ...(database !== undefined && database !== door.database
      ? [{ fact: `the database of ${env.name} is ${database}`, seen, remedy }]
      : []),
    ...(server !== undefined && ![door.server, door.server.replace(/:\d+$/, '')].includes(server)
      ? [{ fact: `the database server of ${env.name} is ${server}`, seen, remedy }]
      : []),
  ]
}

const byAnswer = async (context: RunContext): Promise<Unmet[]> => {
  const { env } = context
  const { remote, query } = env.identify!
  const { attempt } = lookOf(context, undefined)
  const unmet: Unmet[] = []
  if (remote !== undefined) {
    const asked = await attempt(reads('git', 'remote', 'get-url', 'origin'))
    const seen = asked.ok ? bareUrl(asked.value) : explain(asked.failure).sentence
    if (seen !== bareUrl(remote))
      unmet.push({
        fact: `the clone of ${env.name} is of ${bareUrl(remote)}`,
        seen,
        remedy: `correct app.dir of environments.${env.name}: it is ${env.app.dir}`,
      })
  }
  if (query !== undefined) {
    const asked = await attempt(selects<Record<string, unknown>>(query.sql))
    if (
      !asked.ok &&
      ['database-unreachable', 'pooled', 'secret-missing', 'secret-malformed'].includes(asked.failure.kind)
    )
      return unmet
    const [row] = asked.ok ? asked.value : []
    const seen = asked.ok ? (row ? String(Object.values(row)[0]) : 'no row') : explain(asked.failure).sentence
    if (seen !== query.is)
      unmet.push({
        fact: `the database of ${env.name} answers ${query.is} to ${query.sql}`,
        seen: `${seen}, from ${context.doors.database!.printed}`,
        remedy: `correct ${env.database!.url.name}`,
      })
  }
  return unmet
}

/** Without whoever signs in, and however it ends. */
const bareUrl = (url: string): string =>
  url
    .trim()
    .replace(/^([a-z+]+:\/\/)[^/@]*@/i, '$1')
    .replace(/(\.git)?\/*$/, '')

const withoutFailing = <T>(work: () => T): T | undefined => {
  try {
    return work()
  } catch (error) {
    if (error instanceof Failed) return undefined
    throw error
  }
}

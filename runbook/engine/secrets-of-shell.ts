import { type Environment, isElsewhere } from '../model/environment.ts'
import { Failed, type Unmet } from '../model/failure.ts'
import { type OtherEnvironment, secretNamesIn } from '../model/other-environments.ts'
import { namedSecrets } from '../model/secret.ts'
import type { Doors } from './doors.ts'

/** An environment, the others of its book where they are known, and where values are. */
export interface WhoseSecrets {
  env: Environment
  others?: readonly OtherEnvironment[]
  doors: Pick<Doors, 'secrets'>
}

/** The names of the environment's secrets that have a value: without those that only other environments name. */
export const secretsByOrigin = ({
  env,
  others = [],
  doors,
}: WhoseSecrets): Record<'file' | 'shell', string[]> => {
  const own = new Set(secretNamesIn(env))
  const ofOthers = new Set(others.flatMap(({ secrets }) => [...secrets]))
  const names = [...new Set([...own, ...namedSecrets()])].filter(
    (name) => own.has(name) || !ofOthers.has(name),
  )
  const from = (origin: 'file' | 'shell') =>
    names.filter((name) => doors.secrets.originOf(name) === origin).sort()
  return { file: from('file'), shell: from('shell') }
}

/** 'DATABASE_URL is this shell’s: .env.staging does not have it'; undefined where the shell has none of them. */
export const ofShellText = (context: WhoseSecrets): string | undefined => {
  const { shell } = secretsByOrigin(context)
  if (shell.length === 0) return undefined
  const file = `.env.${context.env.name}`
  const [are, them] = shell.length > 1 ? ['are', 'them'] : ['is', 'it']
  const why = context.doors.secrets.hasFile ? `${file} does not have ${them}` : `there is no ${file}`
  return `${shell.join(', ')} ${are} this shell’s: ${why}`
}

/**
 * Refuses (exit 3) a secret of the operator's shell that is another environment's: a shell keeps the variables of the environment
 * that was worked on before. What stands in `.env.<environment>` is meant, whatever it is.
 */
export const demandOwnSecrets = (context: WhoseSecrets): void => {
  const { shell } = secretsByOrigin(context)
  if (shell.length === 0) return
  const file = `.env.${context.env.name}`
  const unmet = shell.flatMap((name): Unmet[] => {
    const whose = whoseElse(name, context)
    return whose
      ? [
          {
            fact: `${name} is ${context.env.name}’s own`,
            seen: `it is this shell’s, and ${whose}`,
            remedy: `write ${name} into ${file} beside the book, which comes first; or unset ${name}`,
          },
        ]
      : []
  })
  if (unmet.length) throw new Failed({ kind: 'before-unmet', unmet })
}

/** Shorter ones, and this machine's own names, stand in many files. Characters. */
const SHORTEST = 6
const ORDINARY = /^(localhost|127\.0\.0\.1|production|staging|development)$/

/** 'the same as DATABASE_URL in .env.production'; undefined where it is nobody else's. */
const whoseElse = (name: string, context: WhoseSecrets): string | undefined => {
  const { env, others = [], doors } = context
  const { secrets } = doors
  const value = secrets.inShell(name)!.trim()
  if (value.length < SHORTEST || ORDINARY.test(value)) return undefined
  const leads = name === env.database?.url.name ? secrets.whereTo(value) : undefined
  const isSame = (theirs: string | undefined, sameHost: boolean): 'same' | 'leads' | undefined => {
    if (!theirs) return undefined
    if (theirs.trim() === value) return 'same'
    // `localhost` is another on each host.
    return leads !== undefined && sameHost && secrets.whereTo(theirs) === leads ? 'leads' : undefined
  }
  const said = (how: 'same' | 'leads', theirs: string) =>
    how === 'same' ? `the same as ${theirs}` : `it leads to the same database as ${theirs}`
  for (const [theirFile, variables] of secrets.filesOfOthers()) {
    const other = others.find((one) => theirFile === `.env.${one.name}`)
    const sameHost = other ? other.host === env.host : !isElsewhere(env)
    for (const [theirName, theirs] of Object.entries(variables)) {
      // Under another name only an address of a database is more than a coincidence.
      if (theirName !== name && leads === undefined && !value.includes('://')) continue
      const how = isSame(theirs, sameHost)
      if (how) return said(how, `${theirName} in ${theirFile}`)
    }
  }
  const ofOwn = new Set(secretNamesIn(env))
  for (const other of others)
    for (const theirName of other.secrets) {
      if (theirName === name || ofOwn.has(theirName)) continue
      const how = isSame(secrets.inShell(theirName), other.host === env.host)
      if (how) return said(how, `${theirName}, which is ${other.name}’s`)
    }
  return undefined
}

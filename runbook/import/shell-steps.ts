import type { Place } from './draft-book.ts'
import { code, type Value } from './literal.ts'
import type { Line } from './shell-lines.ts'
import { isSecretName, withoutSecrets } from './without-secrets.ts'

/** What the page says of a line stays beside what it became. */
export const remark = (text: string, { entries }: Place): void => {
  if (text) entries.push({ kind: 'comment', text: withoutSecrets(text) })
}

/** Lines with what the page says of them; what stood on one line does so again. */
export const whole = (lines: readonly Line[]): string => {
  const texts: string[] = []
  for (const [i, { above, text, joint, behind, below }] of lines.entries()) {
    const typed = behind ? `${text}  ${behind}` : text
    if (i > 0 && joint && !above && !lines[i - 1]!.behind) texts.push(`${texts.pop()}${joint}${typed}`)
    else texts.push(above, typed)
    if (below) texts.push(below)
  }
  return texts.filter(Boolean).join('\n')
}

/** A block that bash performs; `about`: what the page says above it. Says what became of it. */
export const shellStep = (
  block: string,
  about: string,
  { folder, place, reads }: { folder: string; place: Place; reads: boolean },
): string => {
  if (withoutSecrets(block) !== block)
    return byHand(block, 'a secret of the page was taken out of it', place, about)
  const env = secretsUsed(block)
  for (const name of Object.keys(env)) place.draft.secrets.add(name)
  const title = about || place.heading
  return place.add(
    {
      factory: 'shell',
      options: {
        title,
        block: withoutSecrets(block),
        ...(folder !== '.' && { in: folder }),
        ...(Object.keys(env).length && { env }),
        ...(reads && { sort: 'verifies' }),
        undo: reads
          ? { nothing: 'it only reads' }
          : {
              forwardOnly: 'nobody has said how it is taken back',
              instead: 'write its way back into the book',
            },
      },
      review: reads
        ? 'it only shows something: a check would say what must hold'
        : 'say in `after` what must hold when it is done, and in `undo` how it is taken back',
    },
    title,
  )
}

const ordinary = new Set(['HOME', 'PATH', 'USER', 'PWD', 'SHELL', 'HOSTNAME', 'TMPDIR', 'LANG', 'RANDOM'])

/** Variables that the block uses and does not set. */
const secretsUsed = (block: string): Record<string, Value> => {
  const set = new Set(
    [...block.matchAll(/\b([A-Za-z_]\w*)\+?=|\bfor\s+(\w+)|\bread\s+(?:-\w+\s+)*(\w+)/g)].map(
      ([, assigned, looped, read]) => assigned ?? looped ?? read,
    ),
  )
  const used = [...block.matchAll(/\$\{?([A-Z][A-Z0-9_]+)\b/g)].map((match) => match[1]!)
  return Object.fromEntries(
    used
      .filter((name) => !set.has(name) && !ordinary.has(name))
      .map((name) => [name, code(`secret('${name}')`)]),
  )
}

/** What a person does; `why`: it is not performed by itself. Says what became of it. */
export const byHand = (block: string, why: string, place: Place, about = ''): string => {
  const title = about || place.heading
  const became = place.add(
    {
      factory: 'manual',
      options: { title, text: withoutSecrets(block) },
      review: `${why}: make steps of it`,
    },
    title,
  )
  return `${became}: ${why}`
}

/** Variables that the page sets, and nothing else; says what became of them. */
export const setVariables = (line: Line, place: Place): string =>
  (line.command?.variables ?? []).map((one) => setOne(one, line, place)).join('; ')

const setOne = ({ name, value }: { name: string; value: string }, line: Line, place: Place): string => {
  const { draft, part } = place
  if (isSecretName(name)) {
    draft.secrets.add(name)
    return `the secret ${name}; what the page writes for it was not taken over`
  }
  const plain = withoutSecrets(value)
  const known = draft.variables.get(name)
  if (part.name === 'deploy' && !line.command!.isComputed && (known ?? plain) === plain) {
    draft.variables.set(name, plain)
    return `the variable ${name} of the environment, for review`
  }
  const why = line.command!.isComputed
    ? 'it is computed'
    : known === undefined
      ? 'it is no part of the deployment'
      : `the environment has ${known}`
  remark(`REVIEW: \`${withoutSecrets(line.text)}\` is set nowhere: ${why}`, place)
  return `a comment: ${why}`
}

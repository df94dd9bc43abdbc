import type { Place } from './draft-book.ts'
import { hasHoles, meaningOf, type StepCall } from './known-commands.ts'
import { code, type Value } from './literal.ts'
import { type Line, shellLines } from './shell-lines.ts'
import { slug } from './slug.ts'
import { isSqlLine } from './sql-block.ts'
import { isSecretName, withoutSecrets } from './without-secrets.ts'

/** Enters a block of shell into the draft, line by line where each can be understood; says what became of it. */
export const draftShell = (block: string, place: Place): string => {
  if (/^#!/.test(block)) return scriptFile(block, place)
  const lines = shellLines(block)
  if (!lines || lines.some(({ text }) => isSqlLine(text)))
    return byHand(block, 'it is not shell alone', place)
  if (lines.length === 0) return told(block, place)
  const settings = lines.filter(isSetting)
  const named = settings.filter(({ command }) => command!.variables.every(({ name }) => isSecretName(name)))
  // What sets a variable for the lines below it, or is more than simple commands, is one script.
  if (named.length < settings.length && settings.length < lines.length)
    return script(block, lines, '.', place)
  for (const { above, behind, below } of settings)
    remark([above, behind, below].filter(Boolean).join('\n'), place)
  const became = [
    ...settings.map((line) => set(line, place)),
    ...entered(
      lines.filter((line) => !isSetting(line)),
      place,
    ),
  ]
  return [...new Set(became)].join('; ') || 'nothing: it only changes the folder'
}

const isSetting = ({ command }: Line): boolean =>
  (command?.words.length === 0 && command.variables.length > 0) ||
  (command?.words[0] === 'export' && command.words.length === 1)

const entered = (lines: readonly Line[], place: Place): string[] => {
  const became: string[] = []
  let folder = '.'
  let rest: { line: Line; reads: boolean }[] = []
  let hands: Line[] = []
  const flush = () => {
    if (rest.length) became.push(shell(rest, folder, place))
    if (hands.length)
      became.push(byHand(whole(hands), 'somebody must look, or fill in', place, hands[0]!.about))
    rest = []
    hands = []
  }
  for (const [i, line] of lines.entries()) {
    const meaning = meaningOf(line, folder, lines.slice(i + 1))
    if (meaning.is === 'shell') {
      if (hands.length || (rest.length && rest[0]!.reads !== meaning.reads)) flush()
      rest.push({ line, reads: meaning.reads })
      continue
    }
    if (meaning.is === 'by-hand') {
      if (rest.length) flush()
      hands.push(line)
      continue
    }
    flush()
    remark(line.above, place)
    if (meaning.is === 'folder') folder = entering(meaning.path, folder, place)
    else if (meaning.is === 'covered') {
      remark(`\`${line.text}\` is what ${meaning.by} does.`, place)
      became.push(`what ${meaning.by} does`)
    } else became.push(place.add(noted(meaning.call, line, place), nameOf(meaning.call, line, place)))
    remark([line.behind, line.below].filter(Boolean).join('\n'), place)
  }
  flush()
  return became
}

/** What the page says of a line stays beside what it became. */
const remark = (text: string, { entries }: Place): void => {
  if (text) entries.push({ kind: 'comment', text: withoutSecrets(text) })
}

const nameOf = ({ factory }: StepCall, { about }: Line, { heading }: Place): string =>
  factory === 'verifyHttp' ? about || heading : heading

/** Lines with what the page says of them. */
const whole = (lines: readonly Line[]): string =>
  lines
    .flatMap(({ above, text, behind, below }) => [above, behind ? `${text}  ${behind}` : text, below])
    .filter(Boolean)
    .join('\n')

/** An absolute folder is the application's own, which only the environment names. */
const entering = (path: string, folder: string, { draft }: Place): string => {
  if (/^[/~$]/.test(path)) {
    draft.folders.add(path)
    return '.'
  }
  if (path === '..' || path === '.' || path === '-') return '.'
  return folder === '.' ? path.replace(/^\.\/|\/$/g, '') : `${folder}/${path}`
}

/** What a step tells of the environment: its branch, its address, its secrets. */
const noted = (call: StepCall, line: Line, { draft }: Place): StepCall => {
  const { command, text } = line
  const words = command?.words ?? []
  if (call.factory === 'pullCode' && words[3]) draft.branch ??= words[3]
  for (const [, name] of JSON.stringify(call.options).matchAll(/secret\('(\w+)'\)/g)) draft.secrets.add(name!)
  if (call.factory !== 'verifyHttp') return call
  const url = /https?:\/\/[^\s"'/]+/.exec(text)?.[0]
  if (!url) return call
  draft.url ??= url
  return { ...call, options: { title: nameOfRequest(line, call), ...relative(call.options, draft.url) } }
}

const nameOfRequest = ({ about }: Line, { options }: StepCall): string =>
  about || String((options.requests as { name: string }[])[0]!.name)

/** Below the application's own address a path is enough. */
const relative = (options: StepCall['options'], base: string): StepCall['options'] => ({
  ...options,
  requests: (options.requests as { url: string }[]).map((request) =>
    request.url.startsWith(`${base}/`) ? { ...request, url: request.url.slice(base.length) } : request,
  ),
})

const shell = (rest: readonly { line: Line; reads: boolean }[], folder: string, place: Place): string =>
  shellStep(whole(rest.map(({ line }) => line)), rest[0]!.line.about, {
    ...{ folder, place, reads: rest.every(({ reads }) => reads) },
  })

const script = (block: string, lines: readonly Line[], folder: string, place: Place): string =>
  lines.some(({ text }) => hasHoles(text))
    ? byHand(block, 'it has places to fill in', place)
    : shellStep(block, lines[0]!.about, { folder, place, reads: false })

const shellStep = (
  block: string,
  about: string,
  { folder, place, reads }: { folder: string; place: Place; reads: boolean },
): string => {
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
  const set = new Set([...block.matchAll(/\b([A-Za-z_]\w*)=/g)].map((match) => match[1]))
  const used = [...block.matchAll(/\$\{?([A-Z][A-Z0-9_]+)\b/g)].map((match) => match[1]!)
  return Object.fromEntries(
    used
      .filter((name) => !set.has(name) && !ordinary.has(name))
      .map((name) => [name, code(`secret('${name}')`)]),
  )
}

const set = ({ command }: Line, { draft }: Place): string =>
  (command?.variables ?? [])
    .map(({ name, value }) => {
      if (!isSecretName(name)) {
        draft.variables.set(name, withoutSecrets(value))
        return `the variable ${name} of the environment`
      }
      draft.secrets.add(name)
      return `the secret ${name}; what the page writes for it was not taken over`
    })
    .join('; ') || 'a variable that the shell has already'

const byHand = (block: string, why: string, place: Place, about = ''): string => {
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

const told = (block: string, place: Place): string => {
  place.entries.push({ kind: 'comment', text: withoutSecrets(block) })
  return 'a comment: there is no command in it'
}

const scriptFile = (block: string, { draft, heading, entries }: Place): string => {
  const named = /^#\s*File:\s*([\w.-]+)\s*$/im.exec(block)?.[1]
  const file = `scripts/${named ?? `${slug(heading) || 'script'}.sh`}`
  const path = draft.files.has(file) ? file.replace(/(\.\w+)?$/, `-${draft.files.size}$1`) : file
  draft.files.set(path, `${withoutSecrets(block).trimEnd()}\n`)
  entries.push({
    kind: 'comment',
    text: `REVIEW: the script of the page is ${path}; nothing calls it: make steps of it`,
  })
  return `the file ${path}, for review`
}

import { isSecretName } from '../model/secret-name.ts'

/** What of a secret is secret by itself. */
export interface Part {
  text: string
  /** From which character on its beginning alone is secret; absent: never. */
  opaqueFrom?: number
  /** Whether it is looked for in other spellings too. */
  spelled: boolean
}
export interface Parts {
  parts: Part[]
  /** What is secret and too short to be looked for, as it is called there, with its characters. */
  short: Map<string, number>
}

/** How deep a secret is looked into: a key in JSON in base64 is three. */
const DEEP = 4
/** Shorter ones are not masked: they would be found inside ordinary words. Characters. */
const SHORTEST = 6
/** What is larger is a file; it is looked for as a whole. Characters. */
const LARGE = 100_000
/** So many parts of so many characters are looked for in each spelling, others as they are. */
const SPELLED = { parts: 200, characters: 32_768 }
/** A line that is so long is no word that stands elsewhere too. Characters. */
export const LONG = 16

/**
 * A secret and its parts: the lines of a key, the leaves of JSON and YAML, a URL's password, the opaque parts of its path, the
 * values of its query, those of `key=value;`, what is behind `user:` and `Bearer`, and the same of what stands in base64.
 */
export const partsOf = (name: string, value: string): Parts => {
  const found = new Map<string, Part>()
  const short = new Map<string, number>()
  const take = (text: string, opaqueFrom?: number): void => {
    if (found.has(text)) return
    const spelled = text.length <= SPELLED.characters && found.size < SPELLED.parts
    found.set(text, { text, spelled, ...(opaqueFrom !== undefined && { opaqueFrom }) })
  }
  const look = (key: string, text: string, depth: number): void => {
    const trimmed = text.trim()
    if (text.length > LARGE) {
      for (const one of [text, trimmed]) take(one)
      return
    }
    const { length } = [...trimmed]
    if (length < SHORTEST) {
      if (length) short.set(depth === 0 ? name : `the ${key} in ${name}`, length)
      return
    }
    const inner = depth < DEEP ? within(key, trimmed) : []
    for (const one of [text, trimmed]) take(one, opaqueFrom(one, inner))
    for (const [of, part] of inner) if (part !== trimmed) look(of, part, depth + 1)
  }
  look(name, value, 0)
  return { parts: [...found.values()], short }
}

/** Parts, each with the name that it has there. */
type Named = [name: string, text: string]

const within = (key: string, text: string): Named[] => {
  const url = partsOfUrl(key, text)
  if (url) return [...url, ...assigned(key, text)]
  const json = partsOfJson(key, text)
  if (json) return json
  // A program makes lines of it again.
  const unfolded = text.includes('\\n') ? text.replace(/(?:\\r)?\\n/g, '\n') : text
  return [
    ...(unfolded === text ? [] : ([[key, unfolded]] as Named[])),
    ...linesOf(key, unfolded),
    ...assigned(key, unfolded),
    ...behindName(key, text),
    ...tokenParts(key, text),
    ...decoded(key, text),
  ]
}

const PEM = /-----BEGIN [^\n]+?-----([\s\S]+?)-----END [^\n]+?-----/g
/** What an encrypted key says of itself, a line each. */
const HEADER = /^[\w-]+: /

/** Of a key each line, which a program may print with something before it; of anything else the long ones. */
const linesOf = (key: string, text: string): Named[] => {
  if (!text.includes('\n')) return []
  const inKeys = [...text.matchAll(PEM)].flatMap(([, body]) => body!.split('\n'))
  const others = text.replace(PEM, '').split('\n')
  return [
    ...inKeys.map((line) => line.trim()).filter((line) => line.length >= SHORTEST && !HEADER.test(line)),
    ...others
      .map((line) => line.trim())
      .filter((line) => line.length >= LONG || (line.length >= 8 && isOpaque(line)))
      .filter((line) => !line.startsWith('-----')),
  ].map((line) => [key, line])
}

const partsOfJson = (key: string, text: string): Named[] | undefined => {
  if (!/^[[{"]/.test(text)) return undefined
  try {
    return leavesOf(key, JSON.parse(text))
  } catch {
    return undefined
  }
}

const leavesOf = (key: string, value: unknown): Named[] => {
  if (typeof value === 'string' || typeof value === 'number')
    return mayBeSecret(key, String(value)) ? [[key, String(value)]] : []
  if (Array.isArray(value)) return value.flatMap((item) => leavesOf(key, item))
  if (value === null || typeof value !== 'object') return []
  return Object.entries(value).flatMap(([name, item]) => leavesOf(name, item))
}

/** `name: value` and `name=value`, a line each or behind `;`, as in YAML, TOML, `.env`, `.npmrc`, libpq and ADO.NET. */
const assigned = (key: string, text: string): Named[] => {
  const found: Named[] = []
  for (const [, name, quoted, single, braced, bare] of text.matchAll(ASSIGNED)) {
    const value = quoted?.replace(/\\(.)/g, '$1') ?? single?.replace(/''/g, "'") ?? braced ?? bare?.trim()
    if (name && value && mayBeSecret(name, value)) found.push([name, value])
  }
  if (text.includes('\n'))
    for (const [, item] of text.matchAll(/^\s*-\s+["']?([^\s"'#:]+)["']?\s*$/gm))
      if (mayBeSecret(key, item!)) found.push([key, item!])
  return found
}
const ASSIGNED =
  /(?:^|[\n;,{[&?]|\/:|(?<=[^\s=:])[ \t])[ \t]*(?:-[ \t]+)?(?:export[ \t]+)?["']?([A-Za-z_][\w .-]{0,60}?)["']?[ \t]*(?:=|:(?=[ \t]))[ \t]*(?:"((?:[^"\\]|\\.)*)"|'((?:[^']|'')*)'|(?<==)\{([^{}\n]+)\}|([^\n;,{}[\]\s][^\n;,}\s]*(?:[ \t]+[^\n;,}\s=:]+(?=[\n;,}\s]|$)(?![ \t]*[=:]))*))/g

/** Behind `user:`, `Basic` and the like; and as the last of a line of `.pgpass`, and behind `password` in `.netrc`. */
const behindName = (key: string, text: string): Named[] => {
  const scheme = /^(?:Bearer|Basic|Token|Digest|ApiKey)\s+(\S{6,})$/i.exec(text)?.[1]
  // What is only a number is a port.
  const user = /^[^\s:/=,;{}"']{1,64}:(?!\/\/|[\d.]{1,5}$)(\S+)$/.exec(text)?.[1]
  return [
    ...(scheme ? [[key, scheme] as Named] : []),
    ...(user ? [['password', user] as Named] : []),
    ...[...text.matchAll(/^[^\s:#]+:(?:\d+|\*):[^\s:]+:[^\s:]+:(\S+)$/gm)].map(
      ([, one]) => ['password', one!] as Named,
    ),
    ...[...text.matchAll(/(?<!\S)password\s+(\S+)/g)].map(([, one]) => ['password', one!] as Named),
  ]
}

/** A JSON web token says who; what makes it one is its signature. */
const tokenParts = (key: string, text: string): Named[] =>
  /^eyJ[\w-]+\.[\w-]+\.[\w-]+$/.test(text)
    ? text
        .split('.')
        .slice(1)
        .map((part) => [key, part])
    : []

const decoded = (key: string, text: string): Named[] => {
  if (text.length < LONG || !/^[A-Za-z0-9+/_\s-]+={0,2}$/.test(text)) return []
  const inside = Buffer.from(text, 'base64').toString()
  return /^[\t\n\r\x20-\x7e\u00a0-\ufffc]{8,}$/.test(inside) ? [[key, inside]] : []
}

/** Also such as URL refuses: with several hosts, or signs in a password that should be encoded. */
const partsOfUrl = (key: string, text: string): Named[] | undefined => {
  const parsed = /^(?:jdbc:)?([a-z][a-z0-9+.-]*):\/\/(.*)$/is.exec(text)
  if (!parsed || /\s/.test(text)) return undefined
  const [, scheme, rest] = parsed as unknown as [string, string, string]
  const asked = rest.search(/[?#]/)
  const [before, query] = asked === -1 ? [rest, ''] : [rest.slice(0, asked), rest.slice(asked)]
  const found: Named[] = []
  // A slash in a password belongs before the last `@` too.
  const first = before.lastIndexOf('@', before.indexOf('/') === -1 ? before.length : before.indexOf('/'))
  const signs = new Set([first, before.lastIndexOf('@')].filter((at) => at !== -1))
  for (const at of signs) found.push(...identity(key, scheme, before.slice(0, at)))
  // A password with signs in it that belong encoded.
  if ((!signs.size || DATABASES.test(scheme)) && query.includes('@'))
    found.push(...identity(key, scheme, rest.slice(0, rest.lastIndexOf('@'))))
  if (!DATABASES.test(scheme)) {
    const path = before.slice(first + 1).replace(/^[^/]*/, '')
    const segments = path.split('/').filter((segment) => segment.length >= SHORTEST && isOpaque(segment))
    if (segments.length) found.push([key, path])
    for (const segment of segments) found.push([key, segment], [key, decodedUrl(segment)])
  }
  for (const pair of query.slice(1).split(/[&;#?]/)) {
    const [name = '', ...more] = pair.split('=')
    const value = more.join('=') || name
    if (!mayBeSecret(more.length ? name : '', decodedUrl(value))) continue
    found.push([name, value], [name, decodedUrl(value)])
  }
  return found
}
const DATABASES = /^(postgres(ql)?|mysql|mariadb|mongodb(\+srv)?|rediss?|amqps?|mssql|sqlserver|jdbc)$/i
/** What a query, or the settings of a database, say without keeping it from anybody. */
const PUBLIC =
  /^(ssl_?mode|sslrootcert|schema|search_path|\w*timeout|connection_limit|pgbouncer|application_name|options|target_session_attrs|host(name|addr)?|server|data source|port|db_?name|db|database|initial catalog|db(Cluster|Instance)Identifier|engine|user ?(name|id)?|uid|charset|encoding|version|v|env(ironment)?|region|type|name|role|project(_id)?|bucket)$/i

/**
 * `user:password`. A name is for everybody to read, and stands in what an operator is told to type (`GRANT … TO shop`): it
 * is secret only where it is a key itself, without a password beside it or opaque.
 */
const identity = (key: string, scheme: string, text: string): Named[] => {
  const colon = text.indexOf(':')
  const [user, password] = colon === -1 ? [text, ''] : [text.slice(0, colon), text.slice(colon + 1)]
  const [who, meant] = [decodedUrl(user), decodedUrl(password)]
  const isKey =
    (!DATABASES.test(scheme) && (!password || NO_PASSWORD.test(meant)) && !WORDS.test(who)) ||
    (who.length >= LONG && isOpaque(who))
  return [
    ...(meant && !NO_PASSWORD.test(meant)
      ? ([
          ['password', password],
          ['password', meant],
          ['password', `${who}:${meant}`],
          ['password', text],
        ] as Named[])
      : []),
    ...(isKey
      ? ([
          [key, user],
          [key, who],
        ] as Named[])
      : []),
  ]
}
/** What stands where a token is given as the user. */
const NO_PASSWORD = /^(x-oauth-basic|x|oauth2?|token|none)$/i

const decodedUrl = (text: string): string => {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return text
  }
}

/** Whether a part may be one: ordinary words would be taken out of everything that is said. */
const mayBeSecret = (name: string, text: string): boolean =>
  isSecretName(name)
    ? text.length >= SHORTEST || !SAYS_NOTHING.test(text)
    : text.length >= SHORTEST && !(PUBLIC.test(name) || WORDS.test(text) || /^\d{1,9}$/.test(text))
const SAYS_NOTHING = /^(true|false|yes|no|on|off|null|none|\d{1,2})?$/i

/** What is said of applications, environments and programs. */
const WORDS =
  /^(service_account|authorized_user|production|staging|development|testing|default|postgres(ql)?|localhost|public|master|admin|administrator|github|gitlab|bearer|disable|prefer|require|verify-(ca|full)|enabled|disabled|deploy|googleapis\.com)$/i

/** Digits among letters, capitals inside, or other signs than those of a name. */
export const isOpaque = (text: string): boolean =>
  /[a-z].*\d|\d.*[a-z]|[a-z].*[A-Z]|[A-Z]{2}.*[a-z]/.test(text) ||
  /[^\w\s./:@-]/.test(text) ||
  /^\d{8,}$/.test(text) ||
  text.length >= 24

/** Of a URL, JSON and the like the parts tell that. */
const opaqueFrom = (text: string, inner: readonly Named[]): number | undefined => {
  if (inner.some(([, part]) => part !== text) || /[\s{}]|:\/\//.test(text)) return undefined
  for (let length = 8; length < text.length; length++) if (isOpaque(text.slice(0, length))) return length
  return undefined
}

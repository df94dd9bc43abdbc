/**
 * How a secret can come back from a program: as it is, or as JSON, PHP, HTML, SQL, a shell, a URL, hex or base64 write it; its
 * letters composed or not (NFC, NFD).
 */
export const spellingsOf = (secret: string): Set<string> => {
  const found = new Set<string>()
  for (const text of new Set([secret, secret.normalize('NFC'), secret.normalize('NFD')])) {
    found.add(text)
    const [html, url] = [inHtml(text), inUrl(text)]
    for (const form of [...inJson(text), ...html, ...url, ...inQuotes(text)]) found.add(form)
    for (const form of [...inNumbers(text), ...inBase64(text)]) found.add(form)
    // JSON with one of the others in it, as in an answer that is logged; what it escapes of them is a slash.
    for (const form of [...html, ...url]) found.add(JSON.stringify(form).slice(1, -1).replaceAll('/', '\\/'))
    for (const form of url.slice(0, MOST_USED))
      for (const other of inHtml(form).slice(0, MOST_USED)) found.add(other)
  }
  return found
}

/** Of forms in forms only the first few are looked for. */
const MOST_USED = 4

/** JSON as JavaScript, PHP, Go and Python write it, each with and without what it may escape; and JSON inside of JSON. */
const inJson = (text: string): string[] => {
  const least = JSON.stringify(text).slice(1, -1)
  const once = withEach(
    [least],
    [
      (json) => json.replaceAll('/', '\\/'),
      (json) => json.replace(/[^\x00-\x7f]/g, escaped),
      (json) => json.replace(/[<>&]/g, escaped),
      (json) => json.replaceAll("'", '\\u0027'),
      (json) => json.replace(/\\u[0-9a-f]{4}/g, (code) => `\\u${code.slice(2).toUpperCase()}`),
    ],
  )
  return [...once, ...once.map((json) => JSON.stringify(json).slice(1, -1))]
}
const escaped = (sign: string): string => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`

/** Every combination of changes that were made, or not. */
const withEach = (texts: readonly string[], changes: readonly ((text: string) => string)[]): string[] => {
  const found = new Set(texts)
  for (const change of changes) for (const text of [...found]) found.add(change(text))
  return [...found]
}

/** HTML and XML, as each library has its own names and numbers for their signs. */
const inHtml = (text: string): string[] => {
  const named = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
  const styles = [
    [{}, { '"': '&quot;' }, { '"': '&#34;' }],
    [{}, { "'": '&#39;' }, { "'": '&#039;' }, { "'": '&#x27;' }, { "'": '&apos;' }],
    [{}, { '`': '&#x60;' }, { '/': '&#x2F;' }, { '/': '&#x2F;', '`': '&#x60;', '=': '&#x3D;' }],
  ] as const
  let found = new Set([named])
  for (const style of styles)
    found = new Set([...found].flatMap((one) => style.map((names) => withNames(one, names))))
  const number = (sign: string) => `&#${sign.codePointAt(0)};`
  const lower = (sign: string) => `&#x${sign.codePointAt(0)!.toString(16)};`
  const upper = (sign: string) => `&#x${sign.codePointAt(0)!.toString(16).toUpperCase()};`
  found.add(text.replace(/[&<>"']/g, number))
  for (const by of [number, lower, upper]) {
    if (/[^\x00-\x7f]/.test(text)) for (const one of [...found]) found.add(one.replace(/[^\x00-\x7f]/gu, by))
    // Every sign as a number, as what hides an address from collectors does.
    found.add([...text].map(by).join(''))
  }
  return [...found]
}
const withNames = (text: string, names: Readonly<Record<string, string>>): string =>
  Object.entries(names).reduce((all, [sign, name]) => all.replaceAll(sign, name), text)

/** Percent-encoded, more or less of it, with a space as `+` too, in both cases. */
const inUrl = (text: string): string[] => {
  const encoded = encodeURIComponent(wellFormed(text))
  const hex = (sign: string) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`
  const strict = encoded.replace(/[!'()*]/g, hex)
  const all = [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, '0').toUpperCase()}`)
  const forms = withEach(
    [encoded, strict, strict.replaceAll('~', '%7E'), keptInUrl(text), encodeURI(wellFormed(text))],
    [(form) => form.replaceAll('%20', '+'), (form) => form.replaceAll('%2F', '/')],
  )
  return [...forms, all.join('')].flatMap((form) => [
    form,
    form.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()),
  ])
}

/** Half a sign cannot be encoded. */
const wellFormed = (text: string): string => Buffer.from(text).toString()

/** As a URL keeps its password, which encodes less than a query does. */
const keptInUrl = (password: string): string => Object.assign(new URL('http://host'), { password }).password

/** Between quotation marks of Python, JavaScript, SQL, a shell, `printf %q`, and a shell's `$'…'`. */
const inQuotes = (text: string): string[] => [
  text.replace(/[\\']/g, '\\$&'),
  text.replace(/[\\"]/g, '\\$&'),
  text.replace(/[\\"$`]/g, '\\$&'),
  text.replaceAll("'", "''"),
  text.replaceAll("'", "'\\''"),
  text.replaceAll("'", `'"'"'`),
  text.replace(/[^\w@%+=:,./\u0080-\u{10ffff}-]/gu, '\\$&'),
  inBytes(text, (byte) => `\\${byte.toString(8).padStart(3, '0')}`),
  inBytes(text, (byte) => `\\x${hexOf(byte)}`),
  inBytes(text, (byte) => `\\x${hexOf(byte).toUpperCase()}`),
  text.replace(/[\\']/g, '\\$&').replace(/[\u0080-\u00ff]/g, (sign) => `\\x${hexOf(sign.charCodeAt(0))}`),
]

/** What is beyond ASCII as bytes, the rest as between apostrophes. */
const inBytes = (text: string, by: (byte: number) => string): string =>
  text.replace(/[\\']/g, '\\$&').replace(/[^\x20-\x7e]+/g, (part) => [...Buffer.from(part)].map(by).join(''))

const hexOf = (byte: number): string => byte.toString(16).padStart(2, '0')

/** Its bytes as numbers: hex in both cases, by itself and in what debuggers, `xxd` and Node write. */
const inNumbers = (text: string): string[] => {
  const bytes = [...Buffer.from(text)]
  const lower = bytes.map(hexOf)
  const upper = lower.map((one) => one.toUpperCase())
  return [...inHex(lower), ...inHex(upper), bytes.join(','), bytes.join(', ')]
}

const inHex = (hex: readonly string[]): string[] => [
  ...['', ' ', ':', ', ', '-'].map((between) => hex.join(between)),
  // Node shows the first fifty bytes of a buffer.
  ...(hex.length > 50 ? [hex.slice(0, 50).join(' ')] : []),
  ...[0, 1].map((from) => inPairs(hex, from)),
  ...['\\x', '\\u00'].map((before) => hex.map((one) => before + one).join('')),
  ...[', ', ','].map((between) => hex.map((one) => `0x${one}`).join(between)),
]

/** Two bytes together, as `xxd` has them; `from`: how many of them stand before the first pair. */
const inPairs = (hex: readonly string[], from: number): string =>
  [
    ...hex.slice(0, from),
    hex
      .slice(from)
      .join('')
      .replace(/.{4}(?=.)/g, '$& '),
  ].join(' ')

/**
 * In base64, by itself and inside of something, such as `user:password`: what is before it moves it by one or two bytes.
 * And in lines, as `base64` and `openssl` break it, with something before each; and percent-encoded.
 */
const inBase64 = (text: string): string[] => {
  const bytes = Buffer.from(text)
  const found = new Set<string>()
  for (const alphabet of ['base64', 'base64url'] as const) {
    const alone = bytes.toString(alphabet)
    found.add(alone)
    for (const before of [0, 1, 2]) {
      const moved = Buffer.concat([Buffer.alloc(before), bytes])
      // The characters that no other byte has a part in.
      const inside = moved.toString(alphabet).slice([0, 2, 3][before], Math.floor((moved.length * 8) / 6))
      found.add(inside)
      found.add(encodeURIComponent(inside))
    }
    for (const width of [64, 76])
      if (alone.length > width)
        for (const line of alone.match(new RegExp(`.{${LINE},${width}}`, 'g')) ?? []) found.add(line)
    found.add(encodeURIComponent(alone))
  }
  return [...found]
}
/** A line of base64 that is so long is no word that stands elsewhere too. */
const LINE = 16

import type { Json } from '../model/json.ts'

/** Shorter values are not masked: they would be found inside ordinary words. */
const SHORTEST = 6

/** Takes secrets out of whatever leaves: the one place for terminal, transcript, report and error. */
export class Redactor {
  /** Each form that a secret can take → what stands for it. */
  #forms = new Map<string, string>()
  #learned = new Set<string>()
  #pattern: RegExp | undefined
  /** How forms begin: quicker to look for than the forms. */
  #hint: RegExp | undefined
  /** The forms by their first character. */
  #beginnings = new Map<string, string[]>()
  #longest = 0

  /** Learns a value, and the forms in which it can come back: URL-encoded, in JSON, in base64, inside a URL. */
  learn(name: string, value: string): void {
    if (this.#learned.has(value)) return
    this.#learned.add(value)
    for (const secret of [value, value.trim(), ...passwordsIn(value.trim())]) {
      if (secret.length < SHORTEST) continue
      for (const form of formsOf(secret))
        if (!this.#forms.has(form)) this.#forms.set(form, `‹secret ${name}›`)
    }
    const longestFirst = [...this.#forms.keys()].sort((a, b) => b.length - a.length)
    this.#longest = longestFirst[0]?.length ?? 0
    this.#beginnings = new Map()
    for (const form of longestFirst)
      this.#beginnings.set(form[0]!, [...(this.#beginnings.get(form[0]!) ?? []), form])
    this.#pattern = anyOf(longestFirst, 'g')
    this.#hint = anyOf([...new Set(longestFirst.map((form) => form.slice(0, SHORTEST)))])
  }

  text(text: string): string {
    return this.#pattern ? text.replace(this.#pattern, (form) => this.#forms.get(form)!) : text
  }

  /** Every string inside a value, its keys too. */
  value<T>(value: T): T {
    return this.#pattern ? (this.#walk(value as Json) as T) : value
  }

  /** For text that comes in pieces: what could be the beginning of a secret waits for the next piece. */
  stream(): { push(chunk: Uint8Array): string; end(): string } {
    const decoder = new TextDecoder()
    let held = ''
    const take = (text: string): string => {
      const { done, rest } = this.#redactSettled(held + text)
      held = rest
      return done
    }
    return {
      push: (chunk) => take(decoder.decode(chunk, { stream: true })),
      end: () => {
        const done = take(decoder.decode())
        return done + this.text(held)
      },
    }
  }

  /** The text with its secrets out, as far as nothing that may follow can change that, and the rest as it is. */
  #redactSettled(text: string): { done: string; rest: string } {
    if (!this.#pattern) return { done: text, rest: '' }
    let done = ''
    let from = 0
    if (!this.#hint!.test(text)) {
      const open = this.#openFrom(text, 0)
      return { done: text.slice(0, open), rest: text.slice(open) }
    }
    let open = this.#openFrom(text, 0)
    for (const match of text.matchAll(this.#pattern)) {
      // A longer secret could begin there.
      if (match.index >= open) break
      done += text.slice(from, match.index) + this.#forms.get(match[0])
      from = match.index + match[0].length
      if (from > open) open = this.#openFrom(text, from)
    }
    return { done: done + text.slice(from, open), rest: text.slice(open) }
  }

  /** From where on the end of a text is the beginning of a secret; where it is none, the end. */
  #openFrom(text: string, from: number): number {
    for (let at = Math.max(from, text.length - this.#longest + 1); at < text.length; at++) {
      const forms = this.#beginnings.get(text[at]!)
      if (!forms) continue
      const end = text.slice(at)
      if (forms.some((form) => form.length > end.length && form.startsWith(end))) return at
    }
    return text.length
  }

  #walk(value: Json): Json {
    if (typeof value === 'string') return this.text(value)
    if (Array.isArray(value)) return value.map((item) => this.#walk(item))
    if (value === null || typeof value !== 'object') return value
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [this.text(key), this.#walk(item)]))
  }
}

/** The password of a URL, as it is written and as it is meant, and `user:password` as HTTP sends it. */
const passwordsIn = (value: string): string[] => {
  if (!URL.canParse(value)) return []
  const { username, password } = new URL(value)
  if (!password) return []
  const [user, meant] = [decode(username), decode(password)]
  return [password, meant, `${user}:${meant}`]
}

const formsOf = (secret: string): Set<string> => {
  const encoded = encodeURIComponent(secret)
  const strict = encoded.replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
  const forms = [
    secret,
    encoded,
    encoded.replaceAll('%20', '+'),
    strict,
    strict.replaceAll('%20', '+'),
    encoded.replace(/%[0-9A-F]{2}/g, (hex) => hex.toLowerCase()),
    inUrl(secret),
    encodeURI(secret),
    inJson(secret),
    inJson(inJson(secret)),
    // As Python, JavaScript and libpq write it between apostrophes.
    secret.replace(/[\\']/g, '\\$&'),
    secret.replaceAll("'", "''"),
    secret.replaceAll("'", "'\\''"),
    Buffer.from(secret).toString('base64'),
    Buffer.from(secret).toString('base64url'),
  ]
  return new Set(forms.filter((form) => form.length >= SHORTEST))
}

const inJson = (text: string): string => JSON.stringify(text).slice(1, -1)

/** As a URL keeps its password, which encodes less than a query does. */
const inUrl = (password: string): string => Object.assign(new URL('http://host'), { password }).password

const anyOf = (texts: readonly string[], flags?: string): RegExp | undefined =>
  texts.length ? new RegExp(texts.map(escapeRegExp).join('|'), flags) : undefined

const decode = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
const escapeRegExp = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')

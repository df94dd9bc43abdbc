import type { Json } from '../model/json.ts'

/** Shorter values are not masked: they would be found inside ordinary words. */
const SHORTEST = 6

/** Takes secrets out of whatever leaves: the one place for terminal, transcript, report and error. */
export class Redactor {
  /** Each form that a secret can take → what stands for it. */
  #forms = new Map<string, string>()
  #pattern: RegExp | undefined

  /** Learns a value, and the forms in which it can come back: URL-encoded, in JSON, in base64, inside a URL. */
  learn(name: string, value: string): void {
    for (const secret of [value, ...passwordsIn(value)]) {
      if (secret.length < SHORTEST) continue
      for (const form of formsOf(secret))
        if (!this.#forms.has(form)) this.#forms.set(form, `‹secret ${name}›`)
    }
    const longestFirst = [...this.#forms.keys()].sort((a, b) => b.length - a.length)
    this.#pattern = longestFirst.length
      ? new RegExp(longestFirst.map(escapeRegExp).join('|'), 'g')
      : undefined
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
    const take = (text: string, last: boolean): string => {
      const redacted = this.#redactUpTo(held + text)
      if (last) {
        held = ''
        return redacted.done + redacted.rest
      }
      const keep = this.#beginningAtEnd(redacted.rest)
      held = redacted.rest.slice(redacted.rest.length - keep)
      return redacted.done + redacted.rest.slice(0, redacted.rest.length - keep)
    }
    return {
      push: (chunk) => take(decoder.decode(chunk, { stream: true }), false),
      end: () => take(decoder.decode(), true),
    }
  }

  /** The text with its secrets out, up to the end of the last one, and what follows it. */
  #redactUpTo(text: string): { done: string; rest: string } {
    if (!this.#pattern) return { done: '', rest: text }
    let done = ''
    let from = 0
    for (const match of text.matchAll(this.#pattern)) {
      done += text.slice(from, match.index) + this.#forms.get(match[0])
      from = match.index + match[0].length
    }
    return { done, rest: text.slice(from) }
  }

  /** How many characters at the end of a text are the beginning of some secret. */
  #beginningAtEnd(text: string): number {
    let most = 0
    for (const form of this.#forms.keys())
      for (let length = Math.min(form.length - 1, text.length); length > most; length--)
        if (text.endsWith(form.slice(0, length))) most = length
    return most
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
    JSON.stringify(secret).slice(1, -1),
    secret.replaceAll("'", "''"),
    secret.replaceAll("'", "'\\''"),
    Buffer.from(secret).toString('base64'),
    Buffer.from(secret).toString('base64url'),
  ]
  return new Set(forms.filter((form) => form.length >= SHORTEST))
}

const decode = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
const escapeRegExp = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')

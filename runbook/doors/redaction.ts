import { isUtf8 } from 'node:buffer'
import { type ByteString, byteString, textOf } from '../model/byte-string.ts'
import type { Json } from '../model/json.ts'
import { Masks } from './masks.ts'

/** Shorter values are not masked: they would be found inside ordinary words. */
const SHORTEST = 6

/** Takes secrets out of whatever leaves: the one place for terminal, transcript, report and error. */
export class Redactor {
  #learned = new Set<string>()
  readonly #text = new Masks()
  /** The same for byte strings. */
  readonly #bytes = new Masks()

  /** Learns a value, and the forms in which it can come back: URL-encoded, in JSON, in base64, inside a URL. */
  learn(name: string, value: string): void {
    if (this.#learned.has(value)) return
    this.#learned.add(value)
    const mask = `‹secret ${name}›`
    const secrets = [value, value.trim(), ...passwordsIn(value.trim()), ...linesIn(value)]
    const forms = secrets.filter(({ length }) => length >= SHORTEST).flatMap((secret) => [...formsOf(secret)])
    this.#text.add(forms.map((form) => [form, mask]))
    this.#bytes.add(forms.map((form) => [byteString(Buffer.from(form)), byteString(Buffer.from(mask))]))
  }

  text(text: string): string {
    return this.#text.over(text)
  }

  /** Every string inside a value, its keys too. */
  value<T>(value: T): T {
    return this.#text.isEmpty ? value : (this.#walk(value as Json) as T)
  }

  /**
   * For UTF-8 that comes in pieces: what could be the beginning of a secret, or of a character, waits for the next
   * piece.
   */
  stream(): { push(chunk: Uint8Array): ByteString; end(): ByteString } {
    let held: Uint8Array = new Uint8Array()
    return {
      push: (chunk) => {
        const bytes = held.length ? Buffer.concat([held, chunk]) : chunk
        const text = byteString(bytes)
        const whole = text.length - cutCharacter(text).length
        const { done, rest } = this.#bytes.settled(text.slice(0, whole))
        held = bytes.subarray(whole - rest.length)
        return isUtf8(bytes.subarray(0, whole - rest.length)) ? (done as ByteString) : mended(done)
      },
      end: () => {
        const last = byteString(held)
        held = new Uint8Array()
        return mended(this.#bytes.over(last))
      },
    }
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

/** Of a key with many lines each one, which a program may print with something before it. */
const linesIn = (value: string): string[] => {
  const lines = value.split('\n').map((line) => line.trim())
  return lines.length > 1 ? lines.filter((line) => line.length >= LONG && !/^-----/.test(line)) : []
}
/** So long is no word that stands elsewhere too. */
const LONG = 16

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
    ...(['base64', 'base64url'] as const).flatMap((alphabet) => inBase64(secret, alphabet)),
  ]
  return new Set(forms.filter((form) => form.length >= SHORTEST))
}

/**
 * In base64, by itself and inside of something, such as `user:password`: what is before it moves it by one or two bytes.
 * And in lines, as `base64` and `openssl` break it.
 */
const inBase64 = (secret: string, alphabet: 'base64' | 'base64url'): string[] => {
  const alone = Buffer.from(secret).toString(alphabet)
  const inside = [0, 1, 2].map((before) => {
    const bytes = Buffer.concat([Buffer.alloc(before), Buffer.from(secret)])
    // The characters that no other byte has a part in.
    return bytes.toString(alphabet).slice([0, 2, 3][before], Math.floor((bytes.length * 8) / 6))
  })
  const lines = [64, 76].flatMap((width) =>
    alone.length > width ? (inside[0]!.match(new RegExp(`.{${LONG},${width}}`, 'g')) ?? []) : [],
  )
  return [alone, ...inside, ...lines]
}

const inJson = (text: string): string => JSON.stringify(text).slice(1, -1)

/** As a URL keeps its password, which encodes less than a query does. */
const inUrl = (password: string): string => Object.assign(new URL('http://host'), { password }).password

const decode = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
/** The beginning of a UTF-8 character at the end of a byte string. */
const cutCharacter = (bytes: string): string =>
  /[\xc2-\xf4]$|[\xe0-\xf4][\x80-\xbf]$|[\xf0-\xf4][\x80-\xbf]{2}$/.exec(bytes.slice(-3))?.[0] ?? ''

/** What is no UTF-8 becomes the sign for that. */
const mended = (bytes: string): ByteString => byteString(Buffer.from(textOf(bytes as ByteString)))

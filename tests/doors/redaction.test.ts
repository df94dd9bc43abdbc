import { execFileSync } from 'node:child_process'
import { inspect } from 'node:util'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Redactor } from '../../runbook/doors/redaction.ts'
import { textOf } from '../../runbook/model/byte-string.ts'

const password = `p@ss:w/rd 100%'s "x"`
const encoded = 'p%40ss%3Aw%2Frd%20100%25%27s%20%22x%22'
const url = `postgresql://ada:${encoded}@db.example.com:5432/Shop-1`
const token = 'tok_3fA9+/=='

const redactor = () => {
  const made = new Redactor()
  made.learn('DATABASE_URL', url)
  made.learn('TOKEN', token)
  return made
}
const base64 = (text: string) => Buffer.from(text).toString('base64')

/** What a program may print of a secret, without meaning to. */
const forms: Record<string, string> = {
  raw: password,
  'percent-encoded, as in the URL': encoded,
  'by encodeURIComponent': encodeURIComponent(password),
  'by encodeURI': encodeURI(password),
  'by URLSearchParams': String(new URLSearchParams({ x: password })).slice(2),
  'in lower-case hex': encodeURIComponent(password).replace(/%../g, (hex) => hex.toLowerCase()),
  'as a URL keeps it': Object.assign(new URL('http://host'), { password }).password,
  'in JSON': JSON.stringify(password).slice(1, -1),
  'in JSON inside of JSON': JSON.stringify(JSON.stringify({ password })),
  'in SQL': password.replaceAll("'", "''"),
  'for a shell': password.replaceAll("'", `'\\''`),
  'by console.log of an object': inspect({ password: `${password}\`` }),
  'in base64': base64(password),
  'as HTTP sends it': base64(`ada:${password}`),
  'the whole URL': url,
  'the whole URL in base64': base64(url),
  'another secret': token,
  'another secret in JSON': JSON.stringify({ token }),
  'another secret in a URL': encodeURIComponent(token),
}
const telltale = /p@ss|w\/rd|100%|p%40|cEBzcz|YWRhOn|tok_3|%27s|cG9zdGdyZXNx/i

describe('a secret', () => {
  test.each(Object.entries(forms))('%s does not come out', (_, form) => {
    expect(redactor().text(`before ${form} after`)).not.toMatch(telltale)
    expect(redactor().text(`before ${form} after`)).toMatch(
      /^before .*‹secret (DATABASE_URL|TOKEN)›.* after$/,
    )
  })

  test('printed by python3 does not come out', () => {
    let printed: string
    try {
      printed = execFileSync('python3', ['-c', 'import sys; print([sys.argv[1]])', password], {
        encoding: 'utf8',
      })
    } catch {
      printed = `['p@ss:w/rd 100%\\'s "x"']`
    }
    expect(redactor().text(printed)).not.toMatch(telltale)
  })

  test('is taken out of every string of a value, of its keys too', () => {
    const value = { [password]: [1, null, true, { deep: `x${token}y` }], plain: 'text' }
    expect(redactor().value(value)).toEqual({
      '‹secret DATABASE_URL›': [1, null, true, { deep: 'x‹secret TOKEN›y' }],
      plain: 'text',
    })
  })

  test('that is shorter than six characters is not looked for, because it stands in ordinary words', () => {
    const made = new Redactor()
    made.learn('MODE', 'LIVE')
    made.learn('DATABASE_URL', 'postgresql://ada:ab12@host/db')
    expect(made.text('DELIVERY of LIVE ab12')).toBe('DELIVERY of LIVE ab12')
    expect(made.text('postgresql://ada:ab12@host/db')).toBe('‹secret DATABASE_URL›')
  })

  test('with a line end behind it is found without one', () => {
    const made = new Redactor()
    made.learn('TOKEN', `${token}\n`)
    expect(made.text(`x ${token} y`)).toBe('x ‹secret TOKEN› y')
  })

  test('without any, everything stays as it is', () => {
    const stream = streamOf(new Redactor())
    expect(stream.push(Buffer.from('a\0b')) + stream.end()).toBe('a\0b')
  })
})

/** Cuts bytes at the given places. */
const chunked = (bytes: Buffer, cuts: number[]): Buffer[] => {
  const places = [0, ...new Set(cuts.map((cut) => cut % (bytes.length + 1))), bytes.length].sort(
    (a, b) => a - b,
  )
  return places.slice(1).map((end, i) => bytes.subarray(places[i], end))
}
const streamOf = (made: Redactor) => {
  const stream = made.stream()
  return { push: (chunk: Buffer) => textOf(stream.push(chunk)), end: () => textOf(stream.end()) }
}
const streamed = (made: Redactor, chunks: Buffer[]): string => {
  const { push, end } = streamOf(made)
  return chunks.map(push).join('') + end()
}

describe('in base64', () => {
  test('inside of anything, such as another user’s header, nothing of it is left that could be read', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 12 }), fc.string({ maxLength: 12 }), (before, behind) => {
        const [start, end] = [before, behind].map((text) => Buffer.from(text).length) as [number, number]
        const all = redactor().text(base64(before + token + behind))
        expect(all).toContain('‹secret TOKEN›')
        // What is left is what stood around it, and at most one byte's bits on each side.
        const [left, right] = all.split('‹secret TOKEN›') as [string, string]
        expect(left.length).toBeLessThanOrEqual(Math.ceil((start * 8) / 6))
        expect(right.length).toBeLessThanOrEqual(Math.ceil((end * 8) / 6) + 4)
      }),
      { numRuns: 500 },
    )
  })

  test.each([64, 76])('broken into lines of %i no line is left', (width) => {
    const lines = base64(url).match(new RegExp(`.{1,${width}}`, 'g'))!
    const out = redactor().text(lines.join('\n'))
    for (const line of lines.slice(0, -1)) expect(out).not.toContain(line.slice(0, 12))
  })

  test('each line of a key is a secret, its first and last are none', () => {
    const made = new Redactor()
    made.learn('KEY', '-----BEGIN KEY-----\nMIIBVQIBADANBgkqhkiG9w0B\r\nshort\n-----END KEY-----\n')
    expect(made.text('  | MIIBVQIBADANBgkqhkiG9w0B\n-----BEGIN KEY-----\nin short')).toBe(
      '  | ‹secret KEY›\n-----BEGIN KEY-----\nin short',
    )
  })
})

describe('text that comes in pieces', () => {
  const piece = fc.oneof(
    fc.constantFrom(...Object.values(forms)),
    // The beginning and the end of a secret are no secret, but look like one for a while.
    fc.tuple(fc.constantFrom(...Object.values(forms)), fc.nat(40)).map(([form, at]) => form.slice(0, at)),
    fc.tuple(fc.constantFrom(...Object.values(forms)), fc.nat(40)).map(([form, at]) => form.slice(at)),
    fc.string({ unit: 'grapheme', maxLength: 8 }),
    fc.constantFrom('\n', '\r\n', 'ü', '😀', ' '),
  )
  const cuts = fc.array(fc.nat(2000), { maxLength: 30 })

  test('is redacted as if it had come at once, wherever it is cut', () => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), cuts, (pieces, places) => {
        const text = pieces.join('')
        const made = redactor()
        expect(streamed(made, chunked(Buffer.from(text), places))).toBe(made.text(text))
      }),
      { numRuns: 2000 },
    )
  })

  test('byte by byte lets no form of a secret out', () => {
    for (const form of Object.values(forms)) {
      const bytes = Buffer.from(`é${form}é${form}`)
      const out = streamed(
        redactor(),
        [...bytes].map((byte) => Buffer.of(byte)),
      )
      expect(out).not.toMatch(telltale)
    }
  })

  test('of secrets that are the beginning, the end or the middle of each other', () => {
    const values = ['secret-one', 'secret-one-and-more', 'one-and', 'and-more-still', 'secret']
    const letters = fc.constantFrom(...values, 'secret-one-and', '-more', '-still', 's', '-')
    fc.assert(
      fc.property(fc.array(letters, { maxLength: 10 }), cuts, (pieces, places) => {
        const made = new Redactor()
        for (const [i, value] of values.entries()) made.learn(`S${i}`, value)
        const text = pieces.join('')
        const out = streamed(made, chunked(Buffer.from(text), places))
        expect(out).toBe(made.text(text))
        const outside = out.replace(/‹secret S\d›/g, '·')
        for (const value of values) expect(outside).not.toContain(value)
      }),
      { numRuns: 2000 },
    )
  })

  test('is passed on at once where it cannot be the beginning of a secret', () => {
    const stream = streamOf(redactor())
    expect(stream.push(Buffer.from('line one\n'))).toBe('line one\n')
    expect(stream.push(Buffer.from('waits: p@ss'))).toBe('waits: ')
    expect(stream.push(Buffer.from('ion\n'))).toBe('p@ssion\n')
    expect(stream.push(Buffer.from([0xc3]))).toBe('')
    expect(stream.push(Buffer.from([0xbc]))).toBe('ü')
    expect(stream.end()).toBe('')
  })

  test('that is not UTF-8 is shown as what it is not', () => {
    expect(streamed(redactor(), [Buffer.from([0xff, 0x41]), Buffer.from(token)])).toBe('�A‹secret TOKEN›')
  })
})

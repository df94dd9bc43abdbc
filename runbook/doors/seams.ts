/** What comes between two bytes of a text without being a part of it. */
export interface Seam {
  /** Where the text goes on. */
  end: number
  endsLine: boolean
  /** It may go on after these bytes. */
  open: boolean
}

/** Longer ones are none. Bytes. */
const LONGEST = 512

/**
 * From `at` on: sequences for the terminal, such as colours; ends of lines, with what the next one is indented by; and
 * both ends of lines as a string of a program has them, `\n`.
 */
export const skipSeam = (bytes: Uint8Array, from: number): Seam => {
  let endsLine = false
  let at = from
  while (at < bytes.length && at - from < LONGEST) {
    const end = endsLine ? indented(bytes, at) : at
    if (end > at) {
      at = end
      continue
    }
    const next = oneSeam(bytes, at)
    if (next === OPEN) return { end: from, endsLine, open: true }
    if (next === at) return { end: at, endsLine, open: false }
    if (bytes[at] !== 27) endsLine = true
    at = next
  }
  // What is too long is no seam: the text ends where it begins.
  return at - from >= LONGEST
    ? { end: from, endsLine: false, open: false }
    : { end: at, endsLine, open: at > from }
}

/** There is more to come of it. */
const OPEN = -1

const oneSeam = (bytes: Uint8Array, at: number): number => {
  const byte = bytes[at]
  const next = bytes[at + 1]
  if (byte === 10) return indented(bytes, at + 1)
  if (byte === 13) {
    if (next === undefined) return OPEN
    return next === 10 || next === 13 ? at + 1 : at
  }
  if (byte === 92) {
    if (next === undefined) return OPEN
    return next === 110 || next === 114 ? indented(bytes, at + 2) : at
  }
  if (byte === 27) return next === undefined ? OPEN : sequence(bytes, at, next)
  return at
}

const indented = (bytes: Uint8Array, from: number): number => {
  let at = from
  while (bytes[at] === 32 || bytes[at] === 9) at += 1
  return at
}

/** ECMA-48: CSI with its parameters, OSC to its end, and two or three bytes otherwise. */
const sequence = (bytes: Uint8Array, at: number, kind: number): number => {
  let end = at + 2
  if (kind === 0x5b) {
    while (bytes[end]! >= 0x20 && bytes[end]! <= 0x3f) end += 1
    return end < bytes.length ? end + 1 : OPEN
  }
  if (kind === 0x5d) {
    for (; end < bytes.length && end - at < LONGEST; end++) {
      if (bytes[end] === 7) return end + 1
      if (bytes[end] === 27 && bytes[end + 1] === 0x5c) return end + 2
      if (bytes[end] === 10) return at
    }
    return end - at < LONGEST ? OPEN : at
  }
  if (kind >= 0x20 && kind <= 0x2f) return end < bytes.length ? end + 1 : OPEN
  return end
}

/** Bytes without their seams. */
export const squeezed = (bytes: Uint8Array): Uint8Array => {
  if (!bytes.some((byte) => byte === 10 || byte === 13 || byte === 27 || byte === 92)) return bytes
  const text = Buffer.concat([bytes, GOES_ON])
  const kept = new Uint8Array(bytes.length)
  let length = 0
  for (let at = 0; at < bytes.length; ) {
    const { end } = skipSeam(text, at)
    if (end > at) at = Math.min(end, bytes.length)
    else kept[length++] = bytes[at++]!
  }
  return kept.slice(0, length)
}
const GOES_ON = Buffer.from('.')

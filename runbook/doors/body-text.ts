/** Charsets whose texts can be taken for UTF-8. */
const NOT_ASCII = ['utf-16le', 'utf-16be', 'iso-2022-jp']

/**
 * The text of an answer: in UTF-8, as fetch reads every one, without a byte order mark; in UTF-16 behind its own mark; and
 * in the charset that its `content-type` names, where it is no UTF-8. `malformed`: why a part of it is not what was sent.
 */
export const readText = (bytes: Uint8Array, contentType: string): { text: string; malformed?: string } => {
  const name = /;\s*charset\s*=\s*"?([^\s;"]+)/i.exec(contentType)?.[1]
  const named = name === undefined ? undefined : encodingOf(name)
  const certain = byMark(bytes) ?? (named && NOT_ASCII.includes(named) ? named : undefined)
  for (const encoding of certain ? [certain] : ['utf-8', ...(named ? [named] : [])]) {
    const text = decoded(bytes, encoding)
    if (text !== undefined) return { text }
  }
  return {
    text: new TextDecoder(certain).decode(bytes),
    malformed:
      name !== undefined && !named
        ? `its charset ${name} is not known`
        : `its bytes are not ${[...new Set([certain ?? named ?? 'utf-8', ...(certain ? [] : ['utf-8'])])].join(' or ')}`,
  }
}

const byMark = ([first, second]: Uint8Array): string | undefined => {
  if (first === 0xff && second === 0xfe) return 'utf-16le'
  return first === 0xfe && second === 0xff ? 'utf-16be' : undefined
}

/** As the standard names it (https://encoding.spec.whatwg.org/#names-and-labels): `latin1` is windows-1252. */
const encodingOf = (label: string): string | undefined => {
  try {
    return new TextDecoder(label).encoding
  } catch {
    return undefined
  }
}

const decoded = (bytes: Uint8Array, encoding: string): string | undefined => {
  try {
    const text = new TextDecoder(encoding, { fatal: true }).decode(bytes)
    return encoding === 'windows-1252' ? text.replace(/[\x80-\x9f]/g, ofWindows) : text
  } catch {
    return undefined
  }
}

/** Node takes this charset for latin1, which has controls in these places (https://github.com/nodejs/node/issues/56542). */
const ofWindows = (control: string): string => WINDOWS[control.charCodeAt(0) - 0x80]!
const WINDOWS = '€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ'

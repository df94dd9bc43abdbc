/** Shared by two copies of this module, as where a book is loaded apart from the program. */
const KEY = Symbol.for('runbook.hides')
type Hide = (text: string) => string

const hides = (): Set<Hide> => {
  const shared = globalThis as { [KEY]?: Set<Hide> }
  shared[KEY] ??= new Set()
  return shared[KEY]
}

/** Whoever knows secrets says here how a text is freed of them. Gives what ends that. */
export const hideWith = (hide: Hide): (() => void) => {
  hides().add(hide)
  return () => void hides().delete(hide)
}

/** A text without any secret that this process has learned. */
export const hidden = (text: string): string => {
  let masked = text
  for (const hide of hides()) masked = hide(masked)
  return masked
}

/**
 * The first characters of a text from outside, for evidence. Its secrets are taken out before it is cut: half of one
 * would not be found any more. `most`: characters; `mark`: what stands for the rest, default ` …`.
 */
export const beginningOf = (text: string, most: number, mark = ' …'): string => {
  if (text.length <= most) return text
  const shown = hidden(text)
  return shown.length > most ? `${whole(shown, most).trimEnd()}${mark}` : shown
}

/** The same of its last characters; `mark`: default nothing. */
export const endOf = (text: string, most: number, mark = ''): string => {
  if (text.length <= most) return text
  const shown = hidden(text)
  if (shown.length <= most) return shown
  const last = shown.slice(-most)
  // Half a character is none.
  return `${mark}${/^[\udc00-\udfff]/.test(last) ? last.slice(1) : last}`
}

/** Without half a character at its end. */
const whole = (text: string, most: number): string => text.slice(0, most).replace(/[\ud800-\udbff]$/, '')

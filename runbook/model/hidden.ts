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

/** So much more than what is shown of a text is looked at, and of that no secret takes half. Characters. */
const MARGIN = 2 ** 20

/** The same of a part of a text, as `cut` makes it: all of it where that turns out to be hardly anything but secrets. */
const hiddenNear = (text: string, most: number, cut: (text: string, most: number) => string): string => {
  if (text.length <= most + MARGIN) return hidden(text)
  const shown = hidden(cut(text, most + MARGIN))
  return shown.length > most + MARGIN / 2 ? shown : hidden(text)
}

/**
 * The first characters of a text from outside, for evidence. Its secrets are taken out before it is cut: half of one
 * would not be found any more. `most`: characters; `mark`: what stands for the rest, default ` …`.
 */
export const beginningOf = (text: string, most: number, mark = ' …'): string => {
  if (text.length <= most) return text
  const shown = hiddenNear(text, most, first)
  return shown.length > most ? `${first(shown, most).trimEnd()}${mark}` : shown
}

/** The same of its last characters; `mark`: default nothing. */
export const endOf = (text: string, most: number, mark = ''): string => {
  if (text.length <= most) return text
  const shown = hiddenNear(text, most, last)
  return shown.length > most ? `${mark}${last(shown, most)}` : shown
}

/** Half a character, at its end or its beginning, is none. */
const first = (text: string, most: number): string => text.slice(0, most).replace(/[\ud800-\udbff]$/, '')
const last = (text: string, most: number): string => text.slice(-most).replace(/^[\udc00-\udfff]/, '')

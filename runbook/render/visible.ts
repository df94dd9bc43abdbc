import { stripVTControlCharacters } from 'node:util'

/**
 * Text from outside as a terminal may show it: no escape sequence moves the cursor, sets a title or hides a line.
 * What overwrites its line by a carriage return, such as a progress bar, becomes its last state.
 */
export const visible = (text: string): string =>
  stripVTControlCharacters(text)
    .replace(/\r\n/g, '\n')
    .replace(/[^\n]*\r/g, '')
    .replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '�')

/** The same for every string inside a value. */
export const visibleIn = <T>(value: T): T => {
  if (typeof value === 'string') return visible(value) as T
  if (Array.isArray(value)) return value.map(visibleIn) as T
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, visibleIn(item)])) as T
}

import { stripVTControlCharacters } from 'node:util'
import { seen } from '../model/unseen.ts'

/** What begins a string for the terminal, such as a title, up to where it ends. */
const terminalStrings =
  /(?:\u001b[\]PX^_]|[\u0090\u0098\u009d-\u009f])[^\n\u0007\u001b\u0090-\u009f]*(?:\u0007|\u001b\\|\u009c)/g

/**
 * Text from outside as a terminal may show it: no escape sequence moves the cursor, sets a title or hides a line.
 * What overwrites its line by a carriage return, such as a progress bar, becomes its last state.
 */
export const visible = (text: string): string => {
  const bare = stripVTControlCharacters(text.replace(terminalStrings, ''))
  return seen(bare.includes('\r') ? bare.split('\n').map(lastState).join('\n') : bare)
}

/** A carriage return at the end of a line overwrites nothing. */
const lastState = (line: string): string => {
  let end = line.length
  while (line[end - 1] === '\r') end--
  return end === 0 ? '' : line.slice(line.lastIndexOf('\r', end - 1) + 1, end)
}

/** The same for every string inside a value. */
export const visibleIn = <T>(value: T): T => {
  if (typeof value === 'string') return visible(value) as T
  if (Array.isArray(value)) return value.map(visibleIn) as T
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, visibleIn(item)])) as T
}

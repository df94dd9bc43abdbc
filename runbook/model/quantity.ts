/** A number with its thing, as evidence: `40,218 rows`, `1 table`. */
export const quantity = (count: number, thing: string, things = `${thing}s`): string =>
  `${count.toLocaleString('en-US')} ${count === 1 ? thing : things}`

/** The first of them, and how many more there are. */
export const few = (all: readonly string[], most = 6, separator = ', '): string =>
  all.length > most
    ? `${all.slice(0, most).join(separator)} and ${all.length - most} more`
    : all.join(separator)

const units = ['bytes', 'kB', 'MB', 'GB', 'TB']

/** A size as evidence: `14.2 MB`. Decimal units, as disks are sold. */
export const bytes = (size: number): string => {
  if (size < 1000) return quantity(Math.round(size), 'byte')
  const power = units.findIndex((_, i) => size < 999.5 * 1000 ** i)
  const value = size / 1000 ** (power < 0 ? units.length - 1 : power)
  return `${value.toFixed(value >= 99.95 ? 0 : 1)} ${units.at(power)}`
}

/** A measured time as evidence: `84 ms`, `3.1 s`, `84 s`. */
export const milliseconds = (ms: number): string => {
  if (ms < 999.5) return `${Math.round(ms)} ms`
  return `${(ms / 1000).toFixed(ms < 9950 ? 1 : 0)} s`
}

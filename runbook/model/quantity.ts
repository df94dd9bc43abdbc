/** A number with its thing, as evidence: `40,218 rows`, `1 table`. */
export const quantity = (count: number, thing: string, things = `${thing}s`): string =>
  `${count.toLocaleString('en-US')} ${count === 1 ? thing : things}`

const units = ['bytes', 'kB', 'MB', 'GB', 'TB']

/** A size as evidence: `14.2 MB`. Decimal units, as disks are sold. */
export const bytes = (size: number): string => {
  const power = Math.min(Math.floor(Math.log10(Math.max(size, 1)) / 3), units.length - 1)
  const value = size / 1000 ** power
  return `${value.toFixed(power === 0 || value >= 100 ? 0 : 1)} ${units[power]}`
}

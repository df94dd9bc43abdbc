import { UsageError } from './usage-error.ts'

const UNITS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const

/** A span of time as an operator writes it, such as `90s`, `10m`, `12h`, `30d`, `6w`; milliseconds. */
export const spanOf = (text: string, such: string): number => {
  const [, count, unit] = /^(\d+)([smhdw])$/.exec(text) ?? []
  if (!count) throw new UsageError(`'${text}' is no span of time`, `write it as ${such}`)
  return Number(count) * UNITS[unit as keyof typeof UNITS]
}

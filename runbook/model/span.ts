const UNITS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const

/** A span of time as a person writes it, such as `90s`, `10m`, `12h`, `30d`, `6w`: milliseconds; undefined where it is none. */
export const spanIn = (text: unknown): number | undefined => {
  const [, count, unit] = /^(\d+)([smhdw])$/.exec(String(text)) ?? []
  return count === undefined ? undefined : Number(count) * UNITS[unit as keyof typeof UNITS]
}

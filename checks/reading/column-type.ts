/** A type as people write it, in the two parts that the server knows it by: the type itself and its modifiers. */
export interface ColumnType {
  /** Something for `to_regtype`: `timestamp with time zone`. */
  readonly base: string
  /** What stood in parentheses, without spaces: `10,2`; '' where there was nothing. */
  readonly modifiers: string
}

/** `timestamp(3) with time zone` → `timestamp with time zone` and `3`. `to_regtype` forgets modifiers, so they are split off. */
export const columnType = (written: string): ColumnType => {
  const [, before = written, inside = '', after = ''] = /^([^(]*)\(([^)]*)\)(.*)$/.exec(written.trim()) ?? []
  const base = `${before.trim()} ${after.trim()}`.trim()
  return { base, modifiers: spelledOut(base.toLowerCase(), inside.replaceAll(' ', '').toLowerCase()) }
}

/** `char` means `char(1)`, and `numeric(10)` means `numeric(10,0)`. */
const spelledOut = (base: string, modifiers: string): string => {
  const element = base.replaceAll('[]', '').trim()
  if (!modifiers && ['char', 'character', 'bit'].includes(element)) return '1'
  return modifiers &&
    !modifiers.includes(',') &&
    /^(numeric|decimal|dec)$/.test(element.replace('pg_catalog.', ''))
    ? `${modifiers},0`
    : modifiers
}

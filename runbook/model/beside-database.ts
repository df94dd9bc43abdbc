/**
 * What is put beside the live database: by a restore one that is being filled, one that is whole, one that was replaced;
 * by a rehearsal the copy that it works on.
 */
export type Beside = 'restoring' | 'restored' | 'replaced' | 'rehearsal'

/** PostgreSQL cuts longer names without a word. Bytes. */
const LONGEST = 63
const LONGEST_SUFFIX = '_restoring_20261122T021500Z'.length

/** `shop_replaced_20261122T021500Z`. `digest`: of the live one's name, which tells two long names apart. */
export const besideName = (live: string, digest: string, what: Beside, stamp: string): string =>
  `${prefixOf(live, digest)}_${what}_${stamp}`

/** What a database is to the live one, by its name; undefined where it is nothing to it. */
export const besideOf = (
  live: string,
  digest: string,
  name: string,
): { what: Beside; stamp: string } | undefined => {
  const prefix = `${prefixOf(live, digest)}_`
  const rest = name.startsWith(prefix) ? name.slice(prefix.length) : ''
  const [, what, stamp] = /^(restoring|restored|replaced|rehearsal)_(\d{8}T\d{6}Z)$/.exec(rest) ?? []
  return what && stamp ? { what: what as Beside, stamp } : undefined
}

const prefixOf = (live: string, digest: string): string => {
  const most = LONGEST - LONGEST_SUFFIX
  if (Buffer.byteLength(live) <= most) return live
  let cut = ''
  for (const character of live) {
    if (Buffer.byteLength(`${cut}${character}_${digest}`) > most) break
    cut += character
  }
  return `${cut}_${digest}`
}

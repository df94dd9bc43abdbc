/** Who did something, and from where. Transcripts of before know the account and the machine only. */
export interface Who {
  /** The account of the process: 'ada'; of the superuser also who called sudo: 'root (sudo by ada)'. */
  operator: string
  /** Its real user id. */
  uid: number
  /** What sudo says of who called it; only where `uid` is 0, because every other account could write that itself. */
  sudo?: string
  machine: string
  /** '/dev/pts/3'; absent where there was none, as under cron or in CI. */
  terminal?: string
}

/** What of it is known beside the account and the machine. */
export type WhoElse = Partial<Pick<Who, 'uid' | 'sudo' | 'terminal'>>

/** 'ada, uid 1000, on web1, /dev/pts/3'. */
export const whoText = (who: Pick<Who, 'operator' | 'machine'> & WhoElse): string => {
  const { operator, uid, machine, terminal } = who
  if (uid === undefined) return `${operator} on ${machine}`
  return `${operator}, uid ${uid}, on ${machine}, ${terminal ?? 'no terminal'}`
}

/** Whether somebody is named: blanks, dashes and dots are nobody. */
export const namesSomebody = (name: string): boolean => /[\p{L}\p{N}]/u.test(name)

/** Whether two texts are the same name, however they are written. */
export const isSameName = (one: string, other: string): boolean => plainName(one) === plainName(other)

const plainName = (name: string): string =>
  name
    .normalize('NFKC')
    .replace(/[\p{Z}\p{C}\s]+/gu, ' ')
    .trim()
    .toLowerCase()

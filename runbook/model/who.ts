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

/**
 * Whether two texts are the same name, however they are written: in other letters that look the same, turned round (Lovelace,
 * Ada), with signs or what nobody sees between them, or with a machine or an address behind (root@vm, root <root@x>).
 */
export const isSameName = (one: string, other: string): boolean => {
  const others = formsOf(other)
  return formsOf(one).some((form) => others.includes(form))
}

/** A name, and what stands before an address or a machine in it; the words of each in the order of the alphabet. */
const formsOf = (name: string): string[] => {
  const bare = name.normalize('NFKC').replace(/\p{Default_Ignorable_Code_Point}|\p{C}/gu, '')
  const [before = ''] = bare.split(/[<(@]/, 1)
  const inside = [...bare.matchAll(/[<(]\s*([^@<>()]+)/g)].map(([, who]) => who!)
  return [bare, before, ...inside].map(plainName).filter((form) => form !== '')
}

const plainName = (name: string): string =>
  // Letters of other alphabets, and digits, become those they look like; accents and signs are no difference.
  [...name.normalize('NFKD').toLowerCase().replace(/\p{M}/gu, '')]
    .map((sign) => LOOKS_LIKE[sign] ?? sign)
    .join('')
    .split(/[^\p{L}\p{N}]+/u)
    .filter(Boolean)
    .sort()
    .join(' ')

/** See Unicode’s confusables (UTS 39), of small letters and digits; both names are written so before they are compared. */
const LOOKS_LIKE: Readonly<Record<string, string>> = Object.fromEntries(
  [
    ['a', 'аɑα4'],
    ['b', 'ьЬ8'],
    ['c', 'сϲ'],
    ['d', 'ԁ'],
    ['e', 'еєε3'],
    ['g', 'ɡ9'],
    ['h', 'һ'],
    ['i', 'іıɩιíl1|'],
    ['j', 'ј'],
    ['k', 'кκ'],
    ['m', 'м'],
    ['n', 'ոη'],
    ['o', 'оοօσ0'],
    ['p', 'рρ'],
    ['q', 'ԛ'],
    ['r', 'гᴦ'],
    ['s', 'ѕꜱ5'],
    ['t', 'тτ7'],
    ['u', 'υսᴜ'],
    ['v', 'ѵν'],
    ['w', 'ԝω'],
    ['x', 'хχ'],
    ['y', 'уγү'],
    ['z', 'ᴢ2'],
  ].flatMap(([letter, same]) => [...same!].map((sign): [string, string] => [sign, letter!])),
)

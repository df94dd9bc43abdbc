import { readFileSync } from 'node:fs'
import { userInfo } from 'node:os'

/** A line of /etc/passwd or /etc/group. */
export interface Account {
  name: string
  id: number
  /** Of a user: the number of the group that is theirs from the beginning. */
  primary: number
  /** Of a user: the full name. */
  fullName: string
  /** Of a group: who is in it besides. */
  members: string[]
}

/** See passwd(5), group(5). Users that are kept elsewhere are not there; none where the file cannot be read. */
export const accountsIn = (file: '/etc/passwd' | '/etc/group'): Account[] => {
  try {
    return readFileSync(file, 'utf8')
      .split('\n')
      .map((line) => line.split(':'))
      .map(([name = '', , id, fourth = '', about = '']) => ({
        ...{ name, id: Number(id), primary: Number(fourth) },
        fullName: about.split(',', 1)[0]!,
        members: fourth.split(',').filter(Boolean),
      }))
  } catch {
    return []
  }
}

/** The account that runs this process; undefined where its number has no name. */
export const ownAccount = (): string | undefined => {
  try {
    return userInfo().username
  } catch {
    return undefined
  }
}

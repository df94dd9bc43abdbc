import { type Command, reads } from './action.ts'

/**
 * Whether a command can be run in a network of its own, in which nothing but a copy of the database is reached, and how:
 * `asUser` by a user namespace, as anybody but root needs it. JSON: it is observed.
 */
export type Closing = { asUser: boolean } | { because: string; remedy: string }

/** Its namespaces: what is in them ends with the first process of them, and that with `unshare`. */
export const unshares = (asUser: boolean): [string, ...string[]] => [
  'unshare',
  ...(asUser ? ['--user', '--map-root-user'] : []),
  ...['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'],
]

/** Does all that a closed network needs of the system, and nothing in it. */
export const triesClosing = (asUser: boolean): Command<'reads'> => {
  // Of root in a user namespace a command becomes somebody else again.
  const back = asUser ? '; unshare --user --map-user=1 --map-group=1 -- true' : ''
  return {
    ...reads(
      ...unshares(asUser),
      ...[
        'sh',
        '-ec',
        `PATH=$PATH:/usr/sbin:/sbin; ip link set lo up; mount --bind /dev/null /dev/zero${back}`,
      ],
    ),
    cwd: '/',
  }
}

/** What a book may say of a command whose author knows that it takes its database from the variables it is given. */
export const BY_VARIABLES = 'by-variables'

import { forAPerson } from './for-a-person.ts'
import { type Line, shellLines } from './shell-lines.ts'

/** The host that the deployment of a page signs in to first, and stays on; `to`: as a book may name it. */
export const hostOfPage = (
  blocks: readonly { readonly language: string; readonly code: string }[],
): { to: string; given: string } | undefined => {
  for (const { code } of blocks)
    if (/\b(ssh|mosh)\b/.test(code))
      for (const line of shellLines(code) ?? []) {
        const given = signsInTo(line)
        if (given !== undefined) return { given, to: nameable(given) }
      }
  return undefined
}

/** Where a line leads, and stays; undefined: nowhere. */
export const signsInTo = ({ command }: Line): string | undefined => {
  const leads = command && forAPerson(command)
  return leads?.kind === 'host' && leads.stays && /[\w{$]/.test(leads.to) && !/ /.test(leads.to)
    ? leads.to
    : undefined
}

/** What the page leaves to its reader never leads to a host that happens to be called like that. */
const nameable = (given: string): string => {
  const bare = given.replace(/^ssh:\/\//, '').replace(/\/$/, '')
  const name = bare.replace(/[^\w.@:[\]-]/g, '').replace(/^[^A-Za-z0-9_]+/, '')
  const isOpen = /[{}$<>]/.test(bare) || /\b(your|my|example|placeholder)\b/i.test(bare)
  return isOpen && !/\.(com|org|net|io|dev|invalid)$/.test(name)
    ? `${name || 'host'}.invalid`
    : name || 'host.invalid'
}

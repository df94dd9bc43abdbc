import { forAPerson } from './for-a-person.ts'
import type { Block } from './read-page.ts'
import { type Line, shellLines } from './shell-lines.ts'

/** The host that the deployment of a page signs in to first, and stays on; `to`: as a book may name it. */
export const hostOfPage = (blocks: readonly Block[]): { to: string; given: string } | undefined => {
  for (const block of blocks) {
    const given = block.kind === 'code' ? signInIn(block.code) : signInTold(block)
    if (given !== undefined) return { given, to: nameable(given) }
  }
  return undefined
}

/** `ssh deploy@server` in a sentence, or in an item of a list, that tells its reader to type it; undefined: none does. */
export const signInTold = (block: Block): string | undefined => {
  const sentences = block.kind === 'checklist' ? block.items : block.kind === 'prose' ? [block.text] : []
  for (const sentence of sentences.filter((one) => /`(ssh|mosh) /.test(one)))
    for (const [, before, typed] of sentence.matchAll(/([^.\n]*?)`((?:ssh|mosh) [^`]+)`/g)) {
      const given = /\b(if|when|optional\w*|instead|could|might|e\.g|example)\b/i.test(before!)
        ? undefined
        : signInIn(typed!)
      if (given !== undefined) return given
    }
  return undefined
}

/** Whether a page speaks of another machine that it signs in to, and does not say which. */
export const speaksOfSsh = (blocks: readonly Block[]): boolean =>
  blocks.some((block) => {
    const text =
      block.kind === 'code'
        ? block.code
        : block.kind === 'prose'
          ? block.text
          : block.kind === 'checklist'
            ? block.items.join('\n')
            : block.title
    return /\bssh\b|\b(log|sign) ?in(to)? (to )?(the |your )?(production |staging )?(server|host|vps|machine|droplet)\b/i.test(
      text,
    )
  })

const signInIn = (code: string): string | undefined => {
  if (!/\b(ssh|mosh)\b/.test(code)) return undefined
  return shellLines(code)
    ?.map(signsInTo)
    .find((given) => given !== undefined)
}

/** Where a line leads, and stays; undefined: nowhere. */
const signsInTo = ({ command }: Line): string | undefined => {
  const leads = command && forAPerson(command)
  return leads?.kind === 'host' && leads.stays && /[\w{$]/.test(leads.to) && !/ /.test(leads.to)
    ? leads.to
    : undefined
}

/** What the page leaves to its reader never leads to a host that happens to be called like that. */
const nameable = (given: string): string => {
  const bare = given.replace(/^ssh:\/\//, '').replace(/\/$/, '')
  const name = bare.replace(/[^\w.@:[\]-]/g, '').replace(/^[^A-Za-z0-9_]+/, '')
  const isOpen = /[{}$<>]/.test(bare) || /\b(your|my|the|some|placeholder|x{3,})\b/i.test(bare)
  return isOpen || !name ? `${name || 'host'}.invalid` : name
}

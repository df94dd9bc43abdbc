import { addStep } from './add-step.ts'
import { draftBlock } from './draft-block.ts'
import type { StepCall } from './known-commands.ts'
import { partOf } from './part-of.ts'
import { readPage } from './read-page.ts'

/** What stands in a part of the draft, in the order of the page. */
export type DraftEntry =
  | { readonly kind: 'phase'; readonly title: string; readonly line: number }
  | { readonly kind: 'comment'; readonly text: string }
  | { readonly kind: 'step'; readonly id: string; readonly call: StepCall }

/** A first book, made from a page. */
export interface Draft {
  title: string
  /** By name; `deploy` first. */
  parts: Map<string, { because?: string; entries: DraftEntry[] }>
  /** Beside the book, by path. */
  files: Map<string, string>
  /** Every block of the page, and what became of it. */
  account: Accounted[]
  secrets: Set<string>
  variables: Map<string, string>
  branch?: string
  url?: string
  needsDatabase: boolean
  /** Folders that the page goes to, which are not relative. */
  folders: Set<string>
}
export interface Accounted {
  readonly line: number
  readonly block: string
  readonly became: string
}

/** Where in the draft the walk is. */
export interface Place {
  readonly draft: Draft
  readonly entries: DraftEntry[]
  /** The innermost heading. */
  readonly heading: string
  readonly line: number
  /** Adds a step, or finds the same one in this part; says which. */
  add(call: StepCall, name: string): string
}

/** Reads a page into a draft. Nothing of the page is left out of its account. */
export const draftBook = (page: string): Draft => {
  const blocks = readPage(page)
  const draft: Draft = {
    title: blocks.find((block) => block.kind === 'heading')?.title ?? '',
    parts: new Map([['deploy', { entries: [] }]]),
    files: new Map(),
    account: [],
    secrets: new Set(),
    variables: new Map(),
    needsDatabase: false,
    folders: new Set(),
  }
  const ids = new Set<string>()
  const headings: string[] = []
  for (const block of blocks) {
    if (block.kind === 'heading') {
      headings.length = Math.min(headings.length, block.depth - 1)
      while (headings.length < block.depth - 1) headings.push('')
      headings.push(block.title)
    }
    // The outermost heading is the page's own title.
    const within = headings.slice(1)
    const { name, because } = partOf(within)
    const part = draft.parts.get(name) ?? { ...(because && { because }), entries: [] }
    draft.parts.set(name, part)
    const place: Place = {
      draft,
      entries: part.entries,
      heading: headings.at(-1) || draft.title,
      line: block.line,
      add: (call, name) => addStep(part.entries, call, name, ids),
    }
    draft.account.push({ line: block.line, ...draftBlock(block, place, name) })
  }
  draft.needsDatabase ||= draft.secrets.has('DATABASE_URL')
  draft.needsDatabase ||= [...draft.parts.values()].some(({ entries }) =>
    entries.some(
      (entry) => entry.kind === 'step' && /applySql|backupDatabase|prisma/.test(entry.call.factory),
    ),
  )
  draft.account = draft.account.map((each) => truly(each, draft))
  return draft
}

/** A heading under which nothing is performed does not become a phase. */
const truly = (each: Accounted, { parts }: Draft): Accounted => {
  const [entries, at] = [...parts.values()]
    .map(
      ({ entries }) =>
        [entries, entries.findIndex((entry) => entry.kind === 'phase' && entry.line === each.line)] as const,
    )
    .find(([, at]) => at >= 0) ?? [[], -1]
  if (at < 0 || holdsStep(entries, at)) return each
  return { ...each, became: 'a comment: nothing is performed right under it' }
}

/** Whether the phase at that place has a step. */
export const holdsStep = (entries: readonly DraftEntry[], at: number): boolean => {
  const next = entries.findIndex(({ kind }, i) => i > at && kind === 'phase')
  return entries.slice(at + 1, next < 0 ? undefined : next).some(({ kind }) => kind === 'step')
}

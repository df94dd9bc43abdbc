import { addStep } from './add-step.ts'
import { draftBlock } from './draft-block.ts'
import type { Folders } from './folder.ts'
import { hostOfPage, signInTold, speaksOfSsh } from './host-of-page.ts'
import type { StepCall } from './known-commands.ts'
import { withLead } from './lead.ts'
import { DEPLOY, type Heading, headingsOf, type Part, partsOf } from './part-of.ts'
import { type Block, readPage } from './read-page.ts'
import { Session } from './session.ts'

/** What stands in a part of the draft, in the order of the page. */
export type DraftEntry =
  | { readonly kind: 'phase'; readonly title: string; readonly line: number }
  | { readonly kind: 'comment'; readonly text: string }
  | { readonly kind: 'step'; readonly id: string; readonly call: StepCall }

/** A first book, made from a page. */
export interface Draft {
  title: string
  /** By name; `deploy` first. */
  parts: Map<string, { because?: string; performs?: Part['performs']; entries: DraftEntry[] }>
  /** Beside the book, by path. */
  files: Map<string, string>
  /** Every block of the page, and what became of it. */
  account: Accounted[]
  secrets: Set<string>
  variables: Map<string, string>
  branch?: string
  url?: string
  /** The host to which the page signs in for its deployment; `given`: as the page writes it. */
  host?: { readonly to: string; readonly given: string }
  needsDatabase: boolean
  /** The deployment speaks of another machine. */
  speaksOfSsh: boolean
  folders: Folders
}
export interface Accounted {
  readonly line: number
  readonly block: string
  readonly became: string
}

/** Where in the draft the walk is. */
export interface Place {
  readonly draft: Draft
  readonly part: Part
  readonly entries: DraftEntry[]
  /** The innermost heading. */
  readonly heading: string
  readonly line: number
  /** On which host, and as whom, the page types. */
  readonly session: Session
  /** Adds a step, or finds the same one in this part; says which. */
  add(call: StepCall, name: string): string
  /** A place in a procedure of its own, in which nothing is performed by itself. */
  aside(name: string, because: string): Place
}

/** Reads a page into a draft. Nothing of the page is left out of its account. */
export const draftBook = (page: string): Draft => {
  const blocks = readPage(page)
  const draft = draftOf(blocks)
  const isEmpty = !hasSteps(draft.parts.get('deploy')!.entries)
  // What is usually said once more, or done once, is the deployment of a page that has no other.
  const main =
    isEmpty && [...draft.parts].find(([, part]) => part.performs === 'known' && hasSteps(part.entries))
  return main ? draftOf(blocks, main[0]) : draft
}

const hasSteps = (entries: readonly DraftEntry[]): boolean => entries.some(({ kind }) => kind === 'step')

const draftOf = (blocks: readonly Block[], main?: string): Draft => {
  const draft: Draft = {
    title: blocks.find((block) => block.kind === 'heading')?.title ?? '',
    parts: new Map([['deploy', { entries: [] }]]),
    files: new Map(),
    account: [],
    secrets: new Set(),
    variables: new Map(),
    needsDatabase: false,
    speaksOfSsh: false,
    folders: { all: new Set() },
  }
  const all = headingsOf(blocks)
  const parts = partsOf(all, main)
  const headings = new Map(all.map((heading) => [heading.block as Block, heading]))
  const located: { block: Block; heading: Heading | undefined; part: Part }[] = []
  let heading: Heading | undefined
  let lead = ''
  for (const block of blocks) {
    heading = headings.get(block) ?? heading
    const part = parts.of(heading)
    located.push({ block, heading, part: block.kind === 'code' ? withLead(part, lead) : part })
    lead = block.kind === 'prose' ? block.text : block.kind === 'code' ? lead : ''
  }
  const ofDeploy = located.flatMap(({ block, part }) => (part === DEPLOY ? [block] : []))
  const host = hostOfPage(ofDeploy)
  if (host) draft.host = host
  draft.speaksOfSsh = speaksOfSsh(ofDeploy)
  const walk = new Walk(draft)
  for (const { block, heading, part } of located) {
    // A page may have no heading at all.
    const place = walk.at(part, heading?.block.title || draft.title || 'As the page says', block.line)
    draft.account.push({ line: block.line, ...draftBlock(block, place) })
    const told = part === DEPLOY && block.kind !== 'code' ? signInTold(block) : undefined
    if (told !== undefined) place.session.enter({ kind: 'host', to: told })
    if (block.kind === 'heading') remarkOnHeading(block.title, parts.besides(heading), place)
  }
  needSomething(draft)
  draft.needsDatabase ||= draft.secrets.has('DATABASE_URL')
  draft.needsDatabase ||= [...draft.parts.values()].some(({ entries }) =>
    entries.some(
      (entry) => entry.kind === 'step' && /applySql|backupDatabase|prisma/.test(entry.call.factory),
    ),
  )
  draft.account = draft.account.map((each) => truly(each, draft))
  return draft
}

/** What was decided for the reader by taking what stands under a heading. */
const remarkOnHeading = (title: string, besides: readonly string[], { entries, part }: Place): void => {
  if (part.performs === 'by-hand') return
  if (besides.length)
    entries.push({ kind: 'comment', text: `REVIEW: the page has other ways: ${besides.join('; ')}` })
  if (/\boptional\b|\bif (needed|necessary|required|applicable|desired)\b/i.test(title))
    entries.push({ kind: 'comment', text: 'REVIEW: the page leaves it to its reader whether this is done' })
}

/** Gives the places of a draft: its parts, as they are first needed. */
class Walk {
  private readonly ids = new Set<string>()
  private readonly sessions = new Map<string, Session>()
  constructor(private readonly draft: Draft) {}

  at(part: Part, heading: string, line: number): Place {
    const { draft } = this
    const { name, because, performs } = part
    const { entries } = draft.parts.get(name) ?? { entries: [] }
    if (!draft.parts.has(name)) draft.parts.set(name, { ...(because && { because }), performs, entries })
    const session = this.sessions.get(name) ?? new Session(draft.host?.given, name !== 'deploy')
    this.sessions.set(name, session)
    return {
      ...{ draft, part, entries, heading, line, session },
      add: (call, name) => addStep(entries, call, name, this.ids),
      aside: (name, because) => this.at({ name, because, performs: 'by-hand' }, heading, line),
    }
  }
}

/** A book deploys something; what the page has of that is not clear, or nothing. */
const needSomething = ({ parts }: Draft): void => {
  const deploy = parts.get('deploy')!.entries
  if (hasSteps(deploy) || ![...parts.values()].some(({ entries }) => hasSteps(entries))) return
  const options = { title: 'Deploy', text: 'The page says nothing that is clearly its deployment' }
  const review = 'write the deployment here, or move to it what became a procedure'
  deploy.push({ kind: 'step', id: 'deploy-by-hand', call: { factory: 'manual', options, review } })
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

import {
  type HeadingKind,
  isNumbered,
  isOfDeployment,
  kindOfHeading,
  type Position,
  plainHeading,
} from './kind-of-heading.ts'
import type { Block } from './read-page.ts'
import { slug } from './slug.ts'
import { waysAmong } from './ways-among.ts'

/** Where in a book what stands under a heading belongs: `deploy`, or a procedure of its own. */
export interface Part {
  readonly name: string
  /** Why it is not part of the deployment. */
  readonly because?: string
  /**
   * `whole`: what is understood becomes steps, the rest a block of shell; `known`: only what is understood, the rest is for
   * somebody's hands; `by-hand`: nothing of it is performed by itself.
   */
  readonly performs: 'whole' | 'known' | 'by-hand'
  /** It is a way back, or another one than the first. */
  readonly isWayBack?: boolean
}

export const DEPLOY: Part = { name: 'deploy', performs: 'whole' }

const WAY_BACK: Part = {
  name: 'take-back',
  because: 'a way back is not part of the way there',
  performs: 'whole',
  isWayBack: true,
}

export interface Heading {
  /** Something under it may be performed. */
  hasCode: boolean
  readonly block: Block & { readonly kind: 'heading' }
  readonly above: Heading | undefined
}

/**
 * For each heading of a page, where what stands under it belongs; all of the page is looked at first. `main`: a part that is the
 * deployment, because nothing else on the page is.
 */
export const partsOf = (
  headings: readonly Heading[],
  main?: string,
): {
  of(heading: Heading | undefined): Part
  /** The other ways than that under this heading. */
  besides(heading: Heading | undefined): readonly string[]
} => {
  const title = headings[0]
  const isTop = ({ above }: Heading) => above === undefined || above === title
  const ways = waysAmong(headings)
  const names = new Names(main)
  const holdsWays = new Set([...ways.beside.keys()].map(({ above }) => above))
  const known = new Map<Heading | undefined, Part>()
  let afterMain = false
  let afterBack = false
  const ofTitle = title && kindOfHeading(title.block.title, { isTop: false, afterMain, afterBack })
  const isOf = (kind: string | undefined) => kind === 'back' || kind === 'restore' || kind === 'trouble'
  known.set(undefined, DEPLOY)
  const topKind = (heading: Heading) =>
    isTop(heading) && heading !== title
      ? kindOfHeading(heading.block.title, { isTop: true, afterMain, afterBack })
      : undefined
  const hasMain = headings.some((heading) => topKind(heading) === 'main')
  const hasAny = hasMain || headings.some((heading) => topKind(heading) === 'again')
  for (const heading of headings) {
    const above = known.get(heading.above) ?? DEPLOY
    if (heading === title) {
      const whole = isOf(ofTitle) && !/deploy|releas|install|upgrad/i.test(title.block.title)
      known.set(heading, whole ? (partFor(ofTitle!, heading, DEPLOY, names) ?? DEPLOY) : DEPLOY)
      continue
    }
    const kind = kindIn(heading, {
      isTop: isTop(heading),
      ...{ afterMain, afterBack, hasMain, hasAny },
      hasWays: holdsWays.has(heading),
    })
    if (kind === 'main') afterMain = true
    if (isTop(heading) && isOf(kind)) afterBack = true
    const way = ways.others.get(heading)
    const own = way ? another(way, heading, above, names) : kind && partFor(kind, heading, above, names)
    const part = own ?? names.within(above, heading)
    const isWayBack = above.isWayBack || kind === 'back'
    known.set(heading, isWayBack && part.performs !== 'by-hand' ? { ...part, isWayBack } : part)
  }
  return {
    of: (heading) => known.get(heading) ?? DEPLOY,
    besides: (heading) => (heading ? (ways.beside.get(heading) ?? []) : []).map(({ block }) => block.title),
  }
}

/** What a heading says, on this page. */
const kindIn = (
  heading: Heading,
  at: Position & { hasMain: boolean; hasAny: boolean; hasWays: boolean },
): HeadingKind | undefined => {
  const { title } = heading.block
  const kind = kindOfHeading(title, at)
  // Ways to choose from, which stand below it.
  if (kind === 'beside' && at.hasWays) return undefined
  // Nothing else is the deployment.
  if (kind === 'again' && at.isTop && !at.hasMain) return 'main'
  // A section before the deployment, with commands that nothing says are for it.
  const isUnclear = kind === undefined && at.isTop && at.hasAny && heading.hasCode
  return isUnclear && !isNumbered(title) && !isOfDeployment(title) ? 'beside' : kind
}

/** The headings, each with the one that it stands under. */
export const headingsOf = (blocks: readonly Block[]): Heading[] => {
  const open: Heading[] = []
  const all: Heading[] = []
  for (const block of blocks) {
    if (block.kind === 'code') for (const heading of open) heading.hasCode = true
    if (block.kind !== 'heading') continue
    while (open.length && open.at(-1)!.block.depth >= block.depth) open.pop()
    const heading: Heading = { block, above: open.at(-1), hasCode: false }
    open.push(heading)
    all.push(heading)
  }
  return all
}

const partFor = (kind: string, heading: Heading, above: Part, names: Names): Part | undefined => {
  if (above.performs === 'by-hand') return undefined
  switch (kind) {
    case 'back':
      return above.name === 'take-back' ? wayBackOfItsOwn(heading, names) : names.back(heading)
    case 'restore':
      return names.apart(heading, 'it brings back what was', 'by-hand')
    case 'trouble':
      return names.apart(
        heading,
        'only where something is wrong: a diagnosis is made with defineDiagnosis',
        'by-hand',
      )
    case 'beside':
      return names.apart(heading, 'it is no part of the deployment', 'by-hand')
    case 'other-way':
      return names.apart(heading, 'another way than the first: see `either`', 'known')
    case 'again':
      return above === DEPLOY ? names.apart(heading, 'the same again, in short', 'known') : undefined
    case 'local':
      return names.apart(heading, 'on the author’s machine', 'known')
    case 'once':
      return above === DEPLOY ? names.apart(heading, 'it is done only once', 'known') : undefined
    default:
      return undefined
  }
}

/** “If the database must go back”, beside the code: not one after the other. */
const wayBackOfItsOwn = (heading: Heading, names: Names): Part | undefined => {
  const { title } = heading.block
  const isOne =
    /^(if|full|complete|quick|emergency|manual|automat\w+|partial|code|app\w*|database|db|schema|migrations?|data|docker|kubernetes|k8s|helm|git|containers?|config\w*|infrastructure|frontend|backend|rollback (the )?(database|db|code|app\w*|to|via|using|with))\b/i
  if (isNumbered(title) || !isOne.test(plainHeading(title))) return undefined
  return names.firstBack(heading) ?? names.apart(heading, 'another way back than the first', 'known')
}

const another = (way: string, heading: Heading, above: Part, names: Names): Part | undefined =>
  above.performs === 'by-hand' ? undefined : names.apart(heading, way, 'known')

/** Names of procedures, each once. */
class Names {
  private readonly taken = new Set(TAKEN)
  private readonly inner = new Set<string>()
  private readonly begun = new Set<Heading | undefined>()
  private hasBack = false

  constructor(private readonly main: string | undefined) {}

  back(heading: Heading): Part {
    if (this.hasBack) return this.apart(heading, 'another way back than the first', 'known')
    this.hasBack = true
    this.taken.add('take-back')
    return WAY_BACK
  }

  /** The first of several ways back stays where it stands. */
  firstBack({ above }: Heading): Part | undefined {
    if (this.begun.has(above)) return undefined
    this.begun.add(above)
    return WAY_BACK
  }

  apart({ block: { title } }: Heading, because: string, performs: Part['performs']): Part {
    const name = this.unique(title)
    return name === this.main ? DEPLOY : { name, because, performs }
  }

  /** What is done by hand is taken up a heading at a time: the first level under it has procedures of its own. */
  within(above: Part, heading: Heading): Part {
    if (above.performs !== 'by-hand' || this.inner.has(above.name)) return above
    const name = this.unique(heading.block.title)
    this.inner.add(name)
    return { ...above, name }
  }

  private unique(title: string): string {
    const base = slug(plainHeading(title)).replace(/^[^a-z]+/, '') || 'part'
    const plain = base.startsWith('mend-') ? `to-${base}` : base
    let name = plain
    for (let i = 2; this.taken.has(name); i++)
      name = TAKEN.includes(plain) && i === 2 ? `${plain}-part` : `${plain}-${i}`
    this.taken.add(name)
    return name
  }
}

/** Not like a command of the tool. */
const TAKEN = [
  'deploy',
  'run',
  'verify',
  'watch',
  'rollback',
  'backup',
  'restore',
  'prune',
  'lock',
  'unlock',
  'take-back',
]

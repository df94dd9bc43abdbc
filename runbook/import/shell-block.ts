import { broughtBack } from './brought-back.ts'
import type { Place } from './draft-book.ts'
import { Folder } from './folder.ts'
import type { Elsewhere, ForAPerson } from './for-a-person.ts'
import { hasHoles, type Meaning, meaningOf } from './known-commands.ts'
import { addUnderstood } from './noted-step.ts'
import type { Line } from './shell-lines.ts'
import { byHand, remark, setVariables, shellStep, whole } from './shell-steps.ts'
import {
  callsWithOtherOptions,
  isChoice,
  isOnlyWhereWrong,
  isOtherWay,
  isToGoBack,
} from './what-comments-say.ts'
import { isSecretName, withoutSecrets } from './without-secrets.ts'

type Kind = ForAPerson | undefined
interface Given {
  readonly place: Place
  readonly lines: readonly Line[]
  /** Of each line, why it is for a person. */
  readonly kinds: readonly Kind[]
  /** Whether that belongs into a procedure of its own. */
  isBack(kind: Kind): boolean
}

/** A block of shell on its way into the draft: lines of one sort become one step. */
export class ShellBlock {
  private readonly became: string[] = []
  private readonly folder: Folder
  private rest: { line: Line; reads: boolean }[] = []
  private hands: { line: Line; why: string }[] = []
  private noted: { line: Line; why: string }[] = []
  /** The way to the folder, for whoever types what follows. */
  private readonly way: Line[] = []

  constructor(private readonly given: Given) {
    const { draft, part } = given.place
    this.folder = new Folder(draft.folders, part.name === 'deploy')
  }

  /** Enters all of it; says what became of it. */
  enter(): string {
    const { place, lines } = this.given
    this.goOn()
    let aside: string | undefined
    let before: string | undefined
    let isOneOf = false
    for (const [i, line] of lines.entries()) {
      if (line.above) {
        aside = asideBy(line.about, before, place.part.isWayBack)
        before = aside && before ? before : line.about
      } else if (i === 0) before = ''
      if (line.above) isOneOf = isChoice(line.about)
      const words = line.command?.words ?? []
      if (aside === undefined && callsWithOtherOptions(words, place.session.called))
        this.note(line, 'the same with other options')
      else if (aside !== undefined) this.note(line, aside)
      else if (isOneOf) this.hand(line, 'which of them is for its reader to choose')
      else if (this.script(i)) break
      else this.line(line, i)
    }
    this.flush()
    const { path, outside } = this.folder
    place.session.left = { heading: place.heading, path, outside }
    place.session.endBlock()
    return [...new Set(this.became)].join('; ') || 'nothing: it only changes the folder'
  }

  /** A page seldom says whether its reader is still in the folder of the block above. */
  private goOn(): void {
    const { place, lines } = this.given
    const { left } = place.session
    if (left?.heading !== place.heading || lines[0]?.command?.words[0] === 'cd') return
    this.folder.outside = left.outside
    if (left.outside === undefined && left.path !== '.')
      remark(
        `REVIEW: the block above ends in ${left.path}; this is performed in the application’s folder`,
        place,
      )
  }

  private line(line: Line, i: number): void {
    const { place, lines, kinds, isBack } = this.given
    const kind = kinds[i]
    const program = line.command?.words[0]
    if (kind && isBack(kind)) this.add(() => broughtBack(whole([line]), kind, place))
    else if (program === 'exit' || program === 'logout') this.leave(line)
    else if (line.command && kind && 'stays' in kind && kind.stays) this.goElsewhere(line, kind)
    else {
      const elsewhere = place.session.elsewhere() ?? (program === 'cd' ? undefined : this.folder.elsewhere())
      if (elsewhere !== undefined) this.elsewhere(line, elsewhere)
      else if (isSetting(line)) this.set(line)
      else this.meant(line, kind, meaningOf(line, this.folder.path, lines.slice(i + 1), place.part.isWayBack))
    }
  }

  /** Where it goes to is worth to be known, also where nothing is performed there. */
  private elsewhere(line: Line, why: string): void {
    const { draft, part } = this.given.place
    const [program, to] = line.command?.words ?? []
    if (program === 'cd' && to?.startsWith('/') && part.name === 'deploy') draft.folders.all.add(to)
    this.hand(line, why)
  }

  private meant(line: Line, kind: Kind, meaning: Meaning): void {
    const { place } = this.given
    if (meaning.is === 'by-hand')
      this.hand(line, hasHoles(line.text) ? 'it has places to fill in' : whyOf(kind))
    else if (meaning.is !== 'shell') this.among(line, () => this.understood(line, meaning))
    else if (meaning.reads || place.part.performs !== 'known') this.run(line, meaning.reads)
    else this.hand(line, place.part.because ?? 'only a shell knows what it does')
  }

  private understood(line: Line, meaning: Meaning & { is: 'step' | 'covered' | 'folder' }): void {
    const { place } = this.given
    if (meaning.is === 'folder') {
      this.folder.enter(meaning.path)
      this.way.push({ ...line, above: '', behind: '', below: '' })
    } else if (meaning.is === 'covered') {
      remark(`REVIEW: \`${line.text}\` is what ${meaning.by} does.`, place)
      this.became.push(`what ${meaning.by} does`)
    } else {
      const became = addUnderstood(meaning.call, line, place)
      if (became.endsWith('already'))
        remark(`REVIEW: \`${withoutSecrets(line.text)}\` once more: ${became}`, place)
      this.became.push(became)
    }
  }

  private goElsewhere(line: Line, kind: Elsewhere): void {
    const { session } = this.given.place
    session.enter(kind)
    const elsewhere = session.elsewhere()
    if (elsewhere !== undefined) this.hand(line, kind.kind === 'inside' ? whyOf(kind) : elsewhere)
    else
      this.among(line, () => {
        remark(`\`${line.text}\`: the steps are performed on that host, see \`host\``, this.given.place)
        this.became.push('the host of the environment, for review')
      })
  }

  private leave(line: Line): void {
    this.given.place.session.leave()
    this.among(line, () => {
      remark(`\`${line.text}\``, this.given.place)
      this.became.push('a comment: it only leaves')
    })
  }

  private set(line: Line): void {
    this.among(line, () => this.became.push(setVariables(line, this.given.place)))
  }

  /** What sets a variable for the lines below it is one script with them; false: it does not. */
  private script(at: number): boolean {
    const { place, lines, kinds } = this.given
    const rest = lines.slice(at)
    const first = rest[0]!
    if (!isSetting(first) || isSecret(first) || rest.every(isSetting)) return false
    const ofPerson = kinds.slice(at).find(Boolean)
    const why =
      place.session.elsewhere() ??
      this.folder.elsewhere() ??
      (rest.some(({ text }) => hasHoles(text)) ? 'it has places to fill in' : undefined) ??
      (ofPerson && whyOf(ofPerson)) ??
      (place.part.performs === 'known' ? place.part.because : undefined)
    this.add(() =>
      why === undefined
        ? shellStep(whole(rest), first.about, { folder: this.folder.path, place, reads: false })
        : byHand(whole([...this.way, ...rest]), why, place, first.about),
    )
    for (const [i, kind] of kinds.slice(at).entries())
      if (kind && 'stays' in kind && kind.stays && rest[i]!.command) place.session.enter(kind)
    return true
  }

  private run(line: Line, reads: boolean): void {
    if (line.command) this.given.place.session.called.push(line.command.words)
    const isOfAnotherSort = this.hands.length || this.noted.length || this.rest[0]?.reads === !reads
    if (isOfAnotherSort) this.flush()
    this.rest.push({ line, reads })
  }
  private hand(line: Line, why: string): void {
    if (this.rest.length || this.noted.length) this.flush()
    this.hands.push({ line, why })
  }
  private note(line: Line, why: string): void {
    if (this.rest.length || this.hands.length || (this.noted.length && this.noted[0]!.why !== why))
      this.flush()
    this.noted.push({ line, why })
  }
  /** A line that is by itself, with what the page says of it. */
  private among(line: Line, enter: () => void): void {
    const { place } = this.given
    this.flush()
    remark(line.above, place)
    enter()
    remark([line.behind, line.below].filter(Boolean).join('\n'), place)
  }
  private add(step: () => string): void {
    this.flush()
    this.became.push(step())
  }

  private flush(): void {
    const { place } = this.given
    const { rest, hands, noted } = this
    this.rest = []
    this.hands = []
    this.noted = []
    if (rest.length) {
      const how = { folder: this.folder.path, place, reads: rest.every(({ reads }) => reads) }
      this.became.push(shellStep(textOf(rest), rest[0]!.line.about, how))
    }
    if (hands.length) {
      const why = [...new Set(hands.map(({ why }) => why))].join('; ')
      this.became.push(
        byHand(whole([...this.way, ...hands.map(({ line }) => line)]), why, place, hands[0]!.line.about),
      )
    }
    if (noted.length) {
      remark(`REVIEW: ${noted[0]!.why}; it is not performed:\n${textOf(noted)}`, place)
      this.became.push(`a comment: ${noted[0]!.why}`)
    }
  }
}

const textOf = (lines: readonly { line: Line }[]): string => whole(lines.map(({ line }) => line))

/** What a comment says of the lines from there on; undefined: nothing that keeps them from being performed. */
const asideBy = (comment: string, before: string | undefined, isWayBack = false): string | undefined => {
  if (isOtherWay(comment, before)) return 'another way, see `either`'
  if (isOnlyWhereWrong(comment)) return 'only where something is wrong'
  return isToGoBack(comment) && !isWayBack ? 'only to go back' : undefined
}

const whyOf = (kind: Kind): string => {
  switch (kind?.kind) {
    case 'waits':
      return kind.why
    case 'host':
      return `it is for ${kind.to || 'another host'}`
    case 'user':
      return `it is done as ${kind.to || 'another account'}`
    case 'inside':
      return 'it is a prompt to type at'
    default:
      return 'somebody must look, or fill in'
  }
}

const isSetting = ({ command }: Line): boolean =>
  command !== undefined &&
  command.variables.length > 0 &&
  (command.words.length === 0 || (command.words.length === 1 && command.words[0] === 'export'))
const isSecret = ({ command }: Line): boolean => command!.variables.every(({ name }) => isSecretName(name))

import type { Action } from '../model/action.ts'
import type { Environment } from '../model/environment.ts'
import type { ExpectedPhase } from '../model/event.ts'
import type { Person } from '../model/person.ts'

/** A book as a page that a person follows with their own hands. */
export interface Guide {
  book: string
  env: Environment
  /** Whose word a rollback needs. */
  approver?: string
  contacts: readonly Person[]
  phases: ExpectedPhase[]
  /** When it was made; ISO 8601. */
  at: string
  /** Why nothing at all was looked at. */
  blind?: string
  /** What must hold before the first step. */
  needs: Fact[]
  steps: GuideStep[]
}
export interface Fact {
  fact: string
  remedy: string
}

/** What of a step is known; `undefined` is what cannot be known without having looked. */
export interface GuideStep {
  title: string
  about: string
  /** The phase it stands in, and whether it may be done beside others. */
  phase: string
  parallel: boolean
  optional: boolean
  /** Of a way that is gone only where another fails: what that is called. */
  insteadOf?: string
  advisory?: string
  /** Its commands are typed here, although the others are typed on another host. */
  here?: true
  /** What the commands come from: `seen` now, known `unseen`, or what was seen by an earlier run. */
  from: 'seen' | 'unseen' | { run: string }
  /** Why it could not be looked at. */
  why?: string
  /** What the book says of it, where its actions are not known. */
  says?: Readonly<Record<string, unknown>>
  findings: readonly string[]
  before?: Fact[]
  actions?: Action[]
  after?: Fact[]
  undo?: GuideUndo
  /** Milliseconds, from earlier runs. */
  usually?: number
}
export type GuideUndo =
  | { kind: 'reverse'; of: 'code' | 'schema'; actions: Action[]; after: Fact[] }
  | { kind: 'none'; text: string }

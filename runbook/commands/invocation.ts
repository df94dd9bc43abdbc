import type { Paint } from '../render/paint.ts'
import type { LastWord } from './last-word.ts'

/** What an operator typed, and where. */
export interface Invocation {
  env: string | undefined
  /** What else names something on the line: the backup of `restore`, the procedure of `run`. */
  argument: string | undefined
  options: Options
  cwd: string
  variables: Readonly<Record<string, string | undefined>>
  signal: AbortSignal
  /** Reads the book at `path`, or a part of it. */
  reading: LastWord['reading']
  /** Standard output: the events with `--json`, words for people otherwise. */
  out(text: string): void
  /** Words for people: standard error with `--json`, standard output otherwise. */
  say(text: string): void
  paint: Paint
  /** Whether somebody can answer a question. */
  canAsk: boolean
  /** Whether a tree can be drawn where words go. */
  canDraw: boolean
}

export interface Options {
  config?: string
  stateDir?: string
  yes?: boolean
  confirm?: string
  json?: boolean
  verbose?: boolean
  color?: boolean
  /** Of what reads `deploy`, and of `run`: what is deployed in place of the branch's head. */
  revision?: string
  /** Of `deploy`. */
  onFailure?: 'stop' | 'rollback'
  otherWay?: boolean
  /** What a rehearsal has found, and what may happen all the same: `rewrite:avatars`. */
  allow?: string[]
  /** Of `rollback`. */
  plan?: boolean
  run?: string
  database?: 'schema' | 'restore'
  inPlace?: boolean
  /** Of `rollback`: the code from the environment's ledger, and not from the transcript. */
  from?: 'ledger'
  around?: string[]
  reason?: string
  /** Of every verb that locks: how long it waits for another run to end. */
  wait?: string
  /** Of `watch`: how long. */
  for?: string
  /** Of `show`. */
  check?: boolean
  /** Of `prune`. */
  olderThan?: string
  keep?: string
  /** Of `report`: where the page goes. */
  out?: string
  /** Of `rollback`, and of `deploy --on-failure=rollback`. */
  approvedBy?: string
  approvalNote?: string
}

import {
  type Act,
  type Action,
  type Actions,
  type ExactJson,
  explain,
  failureOf,
  type Reply,
  type Request,
  type Text,
} from '../../runbook/index.ts'
import { difference } from '../http/answer-shape.ts'
import { notJson } from '../http/chain.ts'
import { actionOf, capturedFrom, type HttpRequest, holesOf, isIdempotent, jsonOf } from '../http/request.ts'

export type WatchAct = Act<Actions, any>
export interface AskOptions {
  requests: readonly HttpRequest[]
  cleanup: readonly HttpRequest[]
  headers: Record<string, Text>
  timeout: number
}
/** How a request was answered; `wrong`: why not well. */
export interface Asked {
  ms: number
  wrong?: string
}
type Take = (request: HttpRequest, asked: Asked) => void
type Values = Record<string, ExactJson>

/** Of what could not be removed so many are kept in mind. */
const MOST_LEFT = 20
/** Gone already. */
const GONE = [404, 410]

/** Whether it is one of those that are sent in order, one using what another captured. */
const isInChain = (request: HttpRequest): boolean => !isIdempotent(request) || holesOf(request).length > 0

/**
 * Asks what a watch asks. What only reads is looked at, without a line in the transcript each; what changes something is
 * performed like every effect, and taken away again.
 */
export class Asker {
  readonly #alone: readonly HttpRequest[]
  readonly #chain: readonly HttpRequest[]
  /** What was created and not yet removed. */
  #left: Values[]

  constructor(
    private readonly act: WatchAct,
    private readonly options: AskOptions,
  ) {
    // What only reads, and captures nothing that a later one needs.
    const changes = options.requests.some((request) => !isIdempotent(request))
    this.#chain = changes
      ? options.requests.filter((request) => isInChain(request) || captures(request))
      : options.requests.filter(isInChain)
    this.#alone = options.requests.filter((request) => !this.#chain.includes(request))
    this.#left = this.#canRemove(act.capturedBefore) ? [{ ...act.capturedBefore }] : []
  }

  left(): readonly Values[] {
    return this.#left
  }

  /** Those that need no other, at the same time. */
  async askEach(take: Take): Promise<void> {
    await Promise.all(this.#alone.map(async (request) => take(request, (await this.#ask(request, {})).asked)))
  }

  /** Those that build on each other, in order, up to the first that is not answered well; then what was created goes. */
  async askChain(take: Take): Promise<void> {
    const values: Values = {}
    try {
      for (const left of this.#left.splice(0)) await this.#remove(left, take, GONE)
      for (const request of this.#chain) {
        const { asked, reply } = await this.#ask(request, values)
        if (reply) Object.assign(values, capturedFrom(reply, request))
        take(request, asked)
        if (asked.wrong !== undefined) break
      }
    } finally {
      if (this.#canRemove(values)) await this.#remove(values, take, [])
    }
  }

  /** Whether anything was captured that a clean-up needs. */
  #canRemove(values: Readonly<Values>): boolean {
    return this.options.cleanup.some(
      (request) => holesOf(request).length > 0 && holesOf(request).every((hole) => hole in values),
    )
  }

  /** Also after an interrupt. */
  async #remove(values: Values, take: Take, also: readonly number[]): Promise<void> {
    for (const request of this.options.cleanup) {
      if (!holesOf(request).every((hole) => hole in values)) continue
      const { asked, reply } = await this.#ask(request, values, this.act.cleanUp)
      const gone = asked.wrong === undefined || (reply !== undefined && also.includes(reply.status))
      if (!gone && this.#left.length < MOST_LEFT && !this.#left.includes(values)) this.#left.push(values)
      take(request, gone ? { ms: asked.ms } : asked)
    }
  }

  async #ask(
    request: HttpRequest,
    values: Values,
    perform = this.act.perform,
  ): Promise<{ asked: Asked; reply?: Reply }> {
    const strings = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, String(value)]))
    try {
      const reply = isIdempotent(request)
        ? await this.act.see(this.#filled(request, strings))
        : ((await perform(request.name, strings)) as Reply)
      const wrong = wrongIn(reply, request, values)
      return { reply, asked: { ms: reply.ms, ...(wrong !== undefined && { wrong }) } }
    } catch (error) {
      this.act.signal.throwIfAborted()
      const failure = failureOf(error)
      if (failure.kind === 'request-failed') return { asked: { ms: 0, wrong: failure.message } }
      if (failure.kind === 'timeout') return { asked: { ms: 0, wrong: explain(failure).sentence } }
      throw error
    }
  }

  #filled(request: HttpRequest, values: Readonly<Record<string, string>>): Request<'reads'> {
    const planned = actionOf(request, this.options)
    return (planned.kind === 'given' ? planned.fill(values) : planned) as Action as Request<'reads'>
  }
}

const captures = ({ capture }: HttpRequest): boolean => Object.keys(capture).length > 0

/** Why it is not the answer that was expected; without an expectation anything below 400 is. */
const wrongIn = (reply: Reply, { expect }: HttpRequest, values: Values): string | undefined => {
  const well =
    expect.status === undefined ? reply.status < 400 : [expect.status].flat().includes(reply.status)
  if (!well) return String(reply.status)
  if (expect.json === undefined) return undefined
  const answer = jsonOf(reply)
  return answer === undefined ? notJson(reply) : difference(expect.json, answer, values)
}

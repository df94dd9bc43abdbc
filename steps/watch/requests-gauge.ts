import { type ExactJson, quantity, type Sample, typed } from '../../runbook/index.ts'
import type { HttpRequest } from '../http/request.ts'
import { type Asked, Asker, type AskOptions, type WatchAct } from './asker.ts'
import type { Breach, Gauge } from './gauge.ts'
import { Latencies } from './latencies.ts'
import { type Limits, percent } from './options.ts'
import { Recent } from './recent.ts'

/** How many different reasons are kept apart. */
const REASONS = 20

/** One of the requests, and how it was answered. */
interface Course {
  limit: number
  latencies: Latencies
  slow: Recent
}

/** Requests to the application, sent as its users do: how many fail, and how long the others take. */
export class RequestsGauge implements Gauge {
  readonly name = 'the application'
  readonly paces = true
  readonly every: number
  readonly #asker: Asker
  readonly #courses: Map<string, Course>
  readonly #latencies = new Latencies()
  readonly #failures = new Recent()
  readonly #reasons = new Map<string, number>()
  #asked = 0
  #failed = 0
  #badly: string[] = []
  #lastChange = Number.NEGATIVE_INFINITY

  constructor(
    private readonly act: WatchAct,
    private readonly options: AskOptions & { every: number; everyChange: number; limits: Limits },
  ) {
    this.every = options.every
    this.#asker = new Asker(act, options)
    this.#courses = new Map(
      [...options.requests, ...options.cleanup].map(({ name, expect }) => [
        name,
        { limit: expect.within ?? options.limits.p95, latencies: new Latencies(), slow: new Recent() },
      ]),
    )
  }

  async look(at: number): Promise<void> {
    const take = (request: HttpRequest, asked: Asked) => this.#take(at, request, asked)
    await this.#asker.askEach(take)
    if (at - this.#lastChange < this.options.everyChange) return
    this.#lastChange = at
    await this.#asker.askChain(take)
  }

  #take(at: number, request: HttpRequest, { ms, wrong }: Asked): void {
    this.#asked += 1
    this.#failures.count(at, wrong !== undefined)
    if (wrong !== undefined) {
      this.#failed += 1
      const reason = this.#reasons.has(wrong) || this.#reasons.size < REASONS ? wrong : 'other reasons'
      this.#reasons.set(reason, (this.#reasons.get(reason) ?? 0) + 1)
      if (this.#badly.length < 3) this.#badly.push(`${request.name}: ${wrong}`)
      return
    }
    const { limit, latencies, slow } = this.#courses.get(request.name)!
    this.#latencies.add(ms)
    latencies.add(ms)
    slow.count(at, ms > limit)
  }

  figures(): Sample {
    const each = [...this.#courses].map(([name, { latencies }]) => [
      `p95 of ${name}`,
      latencies.percentile(0.95),
    ])
    return {
      requests: this.#asked,
      failed: this.#failed,
      p50: this.#latencies.percentile(0.5),
      p95: this.#latencies.percentile(0.95),
      p99: this.#latencies.percentile(0.99),
      max: this.#latencies.max,
      ...(each.length > 1 && Object.fromEntries(each)),
    }
  }

  told(): string[] {
    const failed = `${this.#failed.toLocaleString('en-US')} failed`
    const tight = this.#tightest()
    return [
      quantity(this.#asked, 'request'),
      this.#failed ? `${failed} (${this.#reasonsText()})` : failed,
      ...(tight ? [tight] : []),
    ]
  }

  amiss(): string | undefined {
    const badly = this.#badly.join('; ')
    this.#badly = []
    return badly || undefined
  }

  breach(last: boolean): Breach | undefined {
    return this.#tooManyFail() ?? this.#tooSlow() ?? (last ? this.#leftBehind() : undefined)
  }

  forgive(): void {
    this.#failures.forget()
    for (const { slow } of this.#courses.values()) slow.forget()
  }

  #tooManyFail(): Breach | undefined {
    const { failed } = this.options.limits
    if (!this.#failures.isOver(failed)) return undefined
    return {
      fact: `at most ${percent(failed)} of the requests fail`,
      seen: `${this.#failures.bad} of ${this.#failures.all} failed within a minute: ${this.#reasonsText()}`,
      remedy: typed`see what it answers: curl -i ${this.#addressOf(this.options.requests[0]!)}`,
    }
  }

  #tooSlow(): Breach | undefined {
    const slow = [...this.#courses].find(([, course]) => course.slow.isOver(0.05))
    if (!slow) return undefined
    const [name, { limit, slow: recent, latencies }] = slow
    return {
      fact: `95 % of the answers to "${name}" come within ${limit} ms`,
      seen: `${recent.bad} of ${recent.all} took longer within a minute; the longest ${latencies.max} ms`,
      remedy: `see what it waits for: the slow queries of its database, the load of its machine, its log`,
    }
  }

  /** What the requests created and the clean-up could not take away. */
  #leftBehind(): Breach | undefined {
    const left = this.#asker.left()
    if (left.length === 0) return undefined
    return {
      fact: 'what the requests created is removed',
      seen: `left behind: ${left.map(valuesText).join('; ')}`,
      remedy: `remove it by hand: ${this.options.cleanup.map((request) => `${request.method} ${this.#addressOf(request)}`).join(', ')}`,
    }
  }

  #addressOf({ url }: HttpRequest): string {
    return `${url.startsWith('/') ? this.act.env.app.url : ''}${url}`
  }

  /** 'p95 41 ms (limit 200)', of the one that is nearest to its limit. */
  #tightest(): string | undefined {
    const near = [...this.#courses]
      .map(([name, { latencies, limit }]) => ({ name, p95: latencies.percentile(0.95), limit }))
      .toSorted((a, b) => b.p95 / b.limit - a.p95 / a.limit)[0]
    if (!near?.p95) return undefined
    return `p95 ${near.p95} ms (limit ${near.limit}${this.#courses.size > 1 ? `, ${near.name}` : ''})`
  }

  #reasonsText = (): string => [...this.#reasons].map(([reason, count]) => `${count} × ${reason}`).join(', ')
}

const valuesText = (values: Readonly<Record<string, ExactJson>>): string =>
  Object.entries(values)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ')

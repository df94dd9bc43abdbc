import type { WatchAct } from './asker.ts'
import type { Breach, Gauge } from './gauge.ts'
import { Sight } from './sight.ts'

export interface WatchedFor {
  /** How long in all, and how often the figures are recorded. Milliseconds. */
  span: number
  sampleEvery: number
}

/**
 * Looks at each gauge as often as that wants, records the figures of all as often as `sampleEvery` says and at the end,
 * also after an interrupt, and stops at the first limit that is passed. While another run is at work nothing counts.
 */
export const goOnWatching = async (
  act: WatchAct,
  gauges: readonly Gauge[],
  { span, sampleEvery }: WatchedFor,
): Promise<void> => {
  const began = act.now().getTime()
  const elapsed = () => act.now().getTime() - began
  const sights = gauges.map((gauge) => new Sight(gauge, act))
  const pacing = sights.filter(({ gauge }) => gauge.paces)
  const beside = new OtherRuns(act, sights)
  let nextSample = 0
  const record = (breach?: Breach) => {
    const words = [...gauges.flatMap((gauge) => gauge.told()), ...beside.told()].join(', ')
    const amiss = sights.flatMap((sight) => sight.amiss())
    const figures = { elapsed: Math.min(elapsed(), span), of: span }
    act.sample(
      {
        seen: amiss.length ? `${words}; now: ${amiss.join('; ')}` : words,
        figures: Object.assign(figures, ...gauges.map((gauge) => gauge.figures())),
      },
      amiss.length === 0 && !breach,
    )
  }
  try {
    for (;;) {
      const now = elapsed()
      const last = now >= span
      const samples = last || now >= nextSample
      if (samples) await beside.look()
      if (last) await Promise.all(sights.map(({ looking }) => looking))
      const turn = sights.filter(({ due }) => last || due <= now)
      const looks = turn.map((sight) => sight.look(now))
      // The first look is what later ones are compared with. What is slow to answer keeps the next request waiting as little as it keeps a user.
      const all = last || nextSample === 0 || pacing.length === 0
      await Promise.all(all ? looks : pacing.map(({ looking }) => looking))
      const breach = await beside.unlessAtWork(await firstBreach(sights, last, beside.atWork))
      if (samples || breach) record(breach)
      if (samples) nextSample = now + sampleEvery
      if (breach) return act.prove(breach.fact, { ...breach, holds: false }, breach.remedy)
      if (last) return
      await act.sleep(Math.max(1, Math.min(span, nextSample, ...sights.map(({ due }) => due)) - elapsed()))
    }
  } catch (error) {
    if (act.signal.aborted) record()
    throw error
  } finally {
    await Promise.all(sights.map(({ looking }) => looking))
  }
}

/** Of all that were looked at since. */
const firstBreach = async (
  sights: readonly Sight[],
  last: boolean,
  atWork: boolean,
): Promise<Breach | undefined> => {
  const found: (Breach | undefined)[] = []
  for (const sight of sights) if (sight.fresh) found.push(await sight.judge(last, atWork))
  return found.find(Boolean)
}

/** Runs that are at work beside the watch: what they do to the application is not held against it. */
class OtherRuns {
  #now: string | undefined
  readonly #all = new Set<string>()

  constructor(
    private readonly act: WatchAct,
    private readonly sights: readonly Sight[],
  ) {}

  async look(): Promise<void> {
    const ended = this.#now !== undefined
    this.#now = await this.act.otherRun()
    if (this.#now !== undefined) this.#all.add(this.#now)
    // The look after its end still shows what it did.
    for (const sight of this.sights) if (this.#now !== undefined || ended) sight.pardoned = true
  }

  /** A limit that is passed while none is at work, nor has begun a moment ago. */
  async unlessAtWork(breach: Breach | undefined): Promise<Breach | undefined> {
    if (breach) await this.look()
    return this.atWork ? undefined : breach
  }

  get atWork(): boolean {
    return this.#now !== undefined
  }

  told(): string[] {
    return this.#all.size ? [`meanwhile ${[...this.#all].join(', ')} was at work`] : []
  }
}

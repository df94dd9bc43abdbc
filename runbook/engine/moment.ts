import type { Action, Result } from '../model/action.ts'
import type { Look } from '../model/look.ts'
import { attempting } from './run-context.ts'

/**
 * One moment of a step, in which nothing is done: the same program is asked once, whoever looks. To ask pm2 costs a
 * fifth of a second. Waiting ends the moment.
 */
export class Moment {
  readonly #asked = new Map<string, Promise<unknown>>()

  /** The same look, within this moment. */
  of(look: Look): Look {
    const see = <A extends Action<'reads'>>(action: A): Promise<Result<A>> => {
      if (action.kind !== 'command') return look.see(action)
      const key = JSON.stringify(action)
      const asked = (this.#asked.get(key) as Promise<Result<A>> | undefined) ?? look.see(action)
      this.#asked.set(key, asked)
      return asked
    }
    return {
      ...look,
      see,
      attempt: attempting(see, look.signal),
      sleep: (ms) => {
        this.#asked.clear()
        return look.sleep(ms)
      },
    }
  }
}

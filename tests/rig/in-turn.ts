import { inject } from 'vitest'

/** Of what takes long, all in `npm run chaos`; in `npm test` one of it: another one for each turn. */
export const inTurn = <T>(all: readonly T[], turn: number): readonly T[] =>
  inject('whole') ? all : [all[turn % all.length]!]

declare module 'vitest' {
  export interface ProvidedContext {
    whole: boolean
  }
}

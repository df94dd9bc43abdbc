import { expect, test } from 'vitest'
import { raceForLock } from '../rig/race-for-lock.ts'
import { tell } from './tally.ts'

const ROUNDS = 200

test('two deployments that begin at the same moment, again and again', async () => {
  const races = await raceForLock(ROUNDS)
  expect(races).toEqual({ rounds: ROUNDS, oneRan: ROUNDS, otherToldWho: ROUNDS })
  tell('races', `${ROUNDS} races of two processes: one ran each time, and the other was told who it was`)
})

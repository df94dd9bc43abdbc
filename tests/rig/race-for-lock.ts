import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { bookFolder, bookOf, type Ended, until } from './command-line.ts'

/** How often exactly one of two real processes ran, and how often the other was told who does, of so many races. */
export interface Races {
  rounds: number
  oneRan: number
  otherToldWho: number
}

/** Lets two deployments of one environment begin at the same moment, again and again. */
export const raceForLock = async (rounds: number): Promise<Races> => {
  const book = await bookFolder(
    bookOf(`sh('wait', 'echo $PPID >> begun; until [ -e go ]; do sleep 0.02; done; echo >> done-wait')`),
  )
  const races: Races = { rounds, oneRan: 0, otherToldWho: 0 }
  const begun = () => (existsSync(book.in('begun')) ? readFileSync(book.in('begun'), 'utf8').trim() : '')
  try {
    for (let round = 0; round < rounds; round++) {
      const racers = [0, 1].map(() => book.start(['deploy', 'staging', '--yes']))
      const left: Ended[] = []
      for (const { ended } of racers) void ended.then((end) => left.push(end))
      // The winner waits for `go`, so that whoever leaves before was kept out.
      await until(() => begun() !== '' && (left.length > 0 || begun().includes('\n')))
      writeFileSync(book.in('go'), '')
      await Promise.all(racers.map(({ ended }) => ended))
      const winners = begun().split('\n')
      const who = `pid ${winners[0]}, since `
      if (winners.length === 1 && left.map(({ exit }) => exit).join() === '5,0') races.oneRan += 1
      if (left[0]?.out.includes(who)) races.otherToldWho += 1
      for (const file of ['go', 'begun', 'done-wait']) rmSync(book.in(file))
    }
    return races
  } finally {
    await book.dispose()
  }
}

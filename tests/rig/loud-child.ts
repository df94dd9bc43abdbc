import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { bookFolder, bookOf } from './command-line.ts'

/** What a run was like whose child printed so much. */
export interface Loud {
  exit: number | null
  /** Bytes that the child printed, and that the transcript has. */
  printed: number
  recorded: number
  /** Of the command line itself, until a tenth was recorded, and at most: resident memory in MB, and open files. */
  early: Used
  most: Used
  ms: number
}

export interface Used {
  memory: number
  files: number
}

/** Deploys a book whose one step prints so many bytes, and watches the memory of the command line. */
export const runLoudChild = async (bytes: number): Promise<Loud> => {
  const line = 'the quick brown fox jumps over the lazy dog and says so'
  const book = await bookFolder(bookOf(`does('shout', "yes '${line}' | head -c ${bytes}")`))
  const began = performance.now()
  const none = { memory: 0, files: 0 }
  const loud: Loud = { exit: null, printed: bytes, recorded: 0, early: none, most: none, ms: 0 }
  try {
    const { child, ended } = book.start(['deploy', 'staging', '--yes'])
    let over = false
    void ended.then(() => {
      over = true
    })
    while (!over) {
      look(`/proc/${child.pid}`, book.stateDir, loud)
      await sleep(20)
    }
    loud.exit = (await ended).exit
    loud.recorded = recordedIn(book.stateDir)
    loud.ms = Math.round(performance.now() - began)
    return loud
  } finally {
    await book.dispose()
  }
}

const look = (process: string, stateDir: string, loud: Loud): void => {
  try {
    const memory = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`${process}/status`, 'utf8'))?.[1]) / 1024
    // A process that has ended, and that nobody has looked after yet, has none.
    if (Number.isNaN(memory)) return
    const files = readdirSync(`${process}/fd`).length
    loud.most = { memory: Math.max(loud.most.memory, memory), files: Math.max(loud.most.files, files) }
    if (recordedIn(stateDir) < loud.printed / 10) loud.early = loud.most
  } catch {
    // It has just ended.
  }
}

const recordedIn = (stateDir: string): number => {
  const [run] = readdirSync(join(stateDir, 'runs'))
  return run ? statSync(join(stateDir, 'runs', run, 'journal.jsonl')).size : 0
}

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { until } from '../rig/command-line.ts'

const program = fileURLToPath(new URL('../fixtures/programs/writer/writer.mjs', import.meta.url))

/** What users met with; milliseconds. */
export interface Figures {
  done: number
  failed: number
  errors: Record<string, number>
  longestGap: number
  /** How late a timer was at the worst: the machine had much else to do. */
  latest: number
}

/**
 * Users at work: they ask over HTTP, and insert, update, delete and read over SQL where they are given a database, until
 * they are stopped.
 */
export const startWriter = async (url: string, databaseUrl?: string) => {
  const child = spawn(process.execPath, [program], {
    env: { ...process.env, WRITER_URL: url, ...(databaseUrl && { WRITER_DATABASE_URL: databaseUrl }) },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let printed = ''
  child.stdout.setEncoding('utf8').on('data', (text) => {
    printed += text
  })
  await until(() => printed.includes('busy'), 'the writer is at work')
  return {
    stop: async (): Promise<{ http: Figures; sql: Figures }> => {
      const closed = once(child, 'close')
      child.kill('SIGTERM')
      await closed
      return JSON.parse(printed.trim().split('\n').at(-1)!)
    },
    kill: () => child.kill('SIGKILL'),
  }
}

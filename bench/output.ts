import { createReadStream } from 'node:fs'
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Redactor } from '../runbook/doors/redaction.ts'
import type { Benchmark, Figure } from './figure.ts'
import { type Cost, highest, interleave, ratio, runNode, spread } from './measure.ts'
import { runOnTerminal } from './terminal.ts'
import { cli } from './tool.ts'

const book = fileURLToPath(new URL('books/output.ts', import.meta.url))
const barePipeline = fileURLToPath(new URL('programs/bare-pipeline.mjs', import.meta.url))
const printer = fileURLToPath(new URL('programs/print-gigabyte.mjs', import.meta.url))

const TOKEN = 'ghp_7f3aQ9c8d7e6"f5/40+b21'
/** One line in a thousand of 100 bytes has the token in it. */
const TOKENS = 10_000
/** Where the command is printed, with the names of what it is given. */
const NAMED = 1

export const output: Benchmark = {
  name: 'output',
  about:
    'A step whose child prints 1 GB, in lines of about 100 characters, some of them beyond ASCII, one in a thousand with a secret; three secrets are set. Every byte is redacted, journalled, and in the hash chain; each round also counts that no secret and every mask is in the transcript. Against a bare Node `pipeline(child.stdout, createWriteStream(file))` of the same child on the same disk.',
  measure: async (folder) => {
    const stateDir = join(folder, 'state')
    const deploy = {
      argv: [cli, 'deploy', 'bench', '--config', book, '--state-dir', stateDir, '--yes'],
      cwd: folder,
      env: {
        BENCH_FOLDER: folder,
        BENCH_PRINTER: printer,
        API_TOKEN: TOKEN,
        DATABASE_URL: 'postgresql://lumiku:p%40ss%3A%2F%25%27%22%20word@127.0.0.1:5432/lumiku',
        SESSION_KEY: 'c2Vzc2lvbi1rZXktb2YtdGhlLWJlbmNobWFyaw==',
      },
      peakFile: join(folder, 'peak'),
    }
    const printed = join(folder, 'printed.txt')
    const journalled = (run: () => Promise<Cost>) => async () => {
      const cost = await run()
      await provenRedacted(stateDir)
      await rm(stateDir, { recursive: true })
      return cost
    }
    const { bare, plain, terminal } = await interleave(
      {
        bare: async () => {
          const cost = await runNode({ ...deploy, argv: [barePipeline, printer, printed] })
          await rm(printed)
          return cost
        },
        plain: journalled(() => runNode({ ...deploy, stdout: join(folder, 'plain.txt') })),
        terminal: journalled(() => runOnTerminal(deploy)),
      },
      { rounds: 5 },
    )
    const memory = { unit: 'MB', limit: { atMost: 120 } } as const
    return [
      {
        what: '1 GB of output, throughput, against the bare pipeline',
        value: ratio(bare, plain),
        unit: '×',
        limit: { atLeast: 0.3 },
        from: `${spread(plain)}, ${spread(bare)}`,
      },
      {
        ...memory,
        what: '1 GB of output, peak memory',
        value: highest(plain),
        from: `the highest of ${plain.length} runs; bare ${highest(bare).toFixed(0)} MB`,
      },
      {
        ...memory,
        what: '1 GB of output on a terminal, peak memory',
        value: highest(terminal),
        from: `the highest of ${terminal.length} runs, of ${spread(terminal)}`,
      },
      cutText(),
    ]
  },
}

/** A look that has printed colours and marks of what was cut, as a runner of tests does. */
export const cutText = (): Figure => {
  const redactor = new Redactor()
  const line = Array.from({ length: 26 }, (_, i) =>
    Buffer.from(`line ${i} of a key: ${i * 7919} ${TOKEN}`).toString('base64'),
  )
  redactor.learn('KEY', `-----BEGIN PRIVATE KEY-----\n${line.join('\n')}\n-----END PRIVATE KEY-----\n`)
  const msOf = (text: string): number => {
    const began = performance.now()
    redactor.text(text)
    return performance.now() - began
  }
  const least = (text: string) => Math.min(...[1, 2, 3, 4, 5].map(() => msOf(text)))
  const text = ' \u001b[32m✓\u001b[39m a.test.ts … 12ms\n'.repeat(6000)
  const [cut, plain] = [least(text), least(text.replaceAll('…', '...'))]
  return {
    what: '200 KB with a mark of what was cut in each line, masked, against the same without',
    value: cut / plain,
    unit: '×',
    limit: { atMost: 10 },
    from: `${cut.toFixed(1)} ms, ${plain.toFixed(1)} ms`,
  }
}

/** A transcript is only worth its time when it holds everything, and no secret. */
const provenRedacted = async (stateDir: string): Promise<void> => {
  const [run] = await readdir(join(stateDir, 'runs'))
  const journal = join(stateDir, 'runs', run!, 'journal.jsonl')
  const masked = await occurrences(journal, '‹secret API_TOKEN›')
  const leaked = await occurrences(journal, 'ghp_7f3aQ9c8d7e6')
  if (masked !== TOKENS + NAMED || leaked !== 0)
    throw new Error(`${masked} masked and ${leaked} leaked tokens in ${journal}, of ${TOKENS} printed`)
}

const occurrences = async (file: string, words: string): Promise<number> => {
  let found = 0
  let held = Buffer.alloc(0)
  for await (const chunk of createReadStream(file, { highWaterMark: 2 ** 20 })) {
    const text = Buffer.concat([held, chunk])
    for (let at = text.indexOf(words); at !== -1; at = text.indexOf(words, at + 1)) found += 1
    held = text.subarray(text.length - Buffer.byteLength(words) + 1)
  }
  return found
}

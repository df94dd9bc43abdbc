import { everywhere, verbs } from './verbs.ts'

const WIDTH = 96

export const ABOUT =
  'A deployment guide that runs: typed steps, checks before and after, a transcript, and a way back.'

const EXITS =
  'Exit status: 0 done, or nothing to do · 1 a step failed · 2 usage, or a mistake in the book · 3 a precondition does not hold, nothing was changed · 4 declined, or nobody there to answer · 5 locked by another run, or on purpose · 6 failed and rolled back · 7 the rollback failed · 130, 143, 129 interrupted'

/** What `runbook --help` says. */
export const helpPage = (): string => {
  const commands = [
    ...verbs.map(({ name, argument, summary }) => [`${name} ${argument}`, summary] as const),
    ['help [command]', 'the options of one command'] as const,
  ]
  const options = [
    ...everywhere.map(({ flags, about }) => [flags, about] as const),
    ['-V, --version', 'the version'] as const,
    ['-h, --help', 'this page, or that of a command'] as const,
  ]
  return [
    'Usage: runbook <command> [options]',
    '',
    ABOUT,
    '',
    'Commands:',
    ...table(commands),
    '',
    'Options:',
    ...table(options),
    '',
    ...wrapped(EXITS, WIDTH),
    '',
  ].join('\n')
}

const table = (rows: readonly (readonly [string, string])[]): string[] => {
  const column = Math.max(...rows.map(([name]) => name.length)) + 4
  return rows.flatMap(([name, about]) =>
    wrapped(about, WIDTH - column).map((line, i) => (i ? '' : `  ${name}`).padEnd(column) + line),
  )
}

const wrapped = (text: string, width: number): string[] =>
  text.match(new RegExp(`.{1,${width}}(?= |$)`, 'g'))!.map((line) => line.trim())

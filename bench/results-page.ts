import { statfsSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, platform, release, totalmem } from 'node:os'
import type { Benchmark, Figure } from './figure.ts'
import { holds } from './figure.ts'

/** The results as a page, with the machine that they come from. */
export const resultsPage = (
  measured: readonly { benchmark: Benchmark; figures: readonly Figure[] }[],
  folder: string,
): string =>
  [
    '# What the tool costs',
    '',
    'Written by `npm run bench`. Each figure comes from rounds that ran side by side: a ratio is the median of the rounds’ own ratios, memory is the highest of all rounds. Behind it stand the medians, with the lowest and the highest round.',
    '',
    `- ${new Date().toISOString().slice(0, 10)}, Node ${process.version}, ${platform()} ${release()}`,
    `- ${cpus()[0]?.model.trim() ?? 'unknown processor'}, ${availableParallelism()} cores, ${(totalmem() / 1e9).toFixed(0)} GB of memory, load ${loadavg()[0]!.toFixed(1)} at the end`,
    `- written to ${folder} (${fileSystem(folder)})`,
    ...measured.flatMap(({ benchmark, figures }) => section(benchmark, figures)),
    '',
  ].join('\n')

const section = ({ name, about }: Benchmark, figures: readonly Figure[]): string[] => [
  '',
  `## ${name}`,
  '',
  about,
  '',
  '| figure | measured | limit | holds | from |',
  '|---|---|---|---|---|',
  ...figures.map((figure) =>
    ['', figure.what, shown(figure), limitOf(figure), holds(figure) ? 'yes' : '**no**', figure.from, '']
      .join(' | ')
      .trim(),
  ),
]

/** A figure for whoever watches. */
export const figureLine = (figure: Figure): string =>
  `  ${holds(figure) ? '✔' : '✖'} ${figure.what}: ${shown(figure)}, limit ${limitOf(figure)} · ${figure.from}`

const shown = ({ value, unit }: Figure): string => `${value.toFixed(unit === '×' ? 2 : 0)} ${unit}`

const limitOf = ({ limit, unit }: Figure): string =>
  'atMost' in limit ? `≤ ${limit.atMost} ${unit}` : `≥ ${limit.atLeast} ${unit}`

const TMPFS = 0x01021994

/** Where nothing reaches a disk, an fsync costs nothing, and the reader should know. */
const fileSystem = (folder: string): string =>
  statfsSync(folder).type === TMPFS ? 'memory: fsync costs nothing here' : 'a disk'

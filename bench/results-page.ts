import { statfsSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, platform, release, totalmem } from 'node:os'
import type { Benchmark, Figure } from './figure.ts'
import { holds } from './figure.ts'

/** The earlier page with this section in the place of the one of its name; the others stay as they are. */
export const resultsPage = (earlier: string, section: string, order: readonly string[]): string => {
  const sections = new Map(sectionsIn(`${earlier}\n${section}`))
  return [
    '# What the tool costs\n',
    'Written by `npm run bench`, each part when it was measured last. Each figure comes from rounds that ran side by side: a ratio is the median of the rounds’ own ratios, memory is the highest of all rounds. Behind it stand the medians, with the lowest and the highest round.\n',
    ...order.flatMap((name) => sections.get(name) ?? []),
  ].join('\n')
}

const sectionsIn = (page: string): [name: string, section: string][] =>
  page
    .split(/^(?=## )/m)
    .slice(1)
    .map((section) => [section.slice(3, section.indexOf('\n')), `${section.trimEnd()}\n`])

/** The date, the machine, what else it does, and where is written: before something is measured. */
export const circumstances = (folder: string): string =>
  [
    `Measured ${new Date().toISOString().slice(0, 10)}: Node ${process.version}, ${platform()} ${release()}`,
    `${cpus()[0]?.model.trim() ?? 'unknown processor'}, ${availableParallelism()} cores, ${(totalmem() / 1e9).toFixed(0)} GB of memory`,
    `load ${loadavg()[0]!.toFixed(1)} before it began`,
    `written to ${folder} (${fileSystem(folder)}).`,
  ].join('; ')

/** What was measured, with the circumstances that it was measured in. */
export const resultsSection = (
  { name, about }: Benchmark,
  figures: readonly Figure[],
  measured: string,
): string =>
  [
    `## ${name}`,
    '',
    about,
    '',
    measured,
    '',
    '| figure | measured | limit | holds | from |',
    '|---|---|---|---|---|',
    ...figures.map((figure) =>
      ['', figure.what, shown(figure), limitOf(figure), holds(figure) ? 'yes' : '**no**', figure.from, '']
        .join(' | ')
        .trim(),
    ),
    '',
  ].join('\n')

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

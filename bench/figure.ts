/** One number of the results: a ratio, memory, or what users met with, against its limit. */
export interface Figure {
  what: string
  value: number
  unit: '×' | 'MB' | 'ms' | 'requests'
  limit: { atMost: number } | { atLeast: number }
  /** The medians that it comes from, with their range. */
  from: string
}

/** A benchmark, by the name that it is called with. */
export interface Benchmark {
  name: string
  /** What is compared with what, and how: a paragraph of the results. */
  about: string
  /** `folder`: an empty one, on the disk that everything is written to. */
  measure(folder: string): Promise<Figure[]>
}

export const holds = ({ value, limit }: Figure): boolean =>
  'atMost' in limit ? value <= limit.atMost : value >= limit.atLeast

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach } from 'vitest'
import { type Cluster, type ClusterOptions, startCluster } from '../../examples/world/cluster.ts'
import { bookFolder, bookOf } from './command-line.ts'

export type Ends = (() => unknown)[]

/** What the tests of a file leave to be ended after each of them, the last first, whatever comes of it. */
export const endsAfterEach = (): Ends => {
  const ends: Ends = []
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end()
  })
  return ends
}

/** Makes books, each in a folder that goes with its test. */
export const booksEndedBy =
  (ends: Ends) =>
  async (...args: Parameters<typeof bookOf>) => {
    const book = await bookFolder(bookOf(...args))
    ends.push(book.dispose)
    return book
  }

/** A server of one's own, which can be stopped, and is gone with the test. */
export const clusterEndedBy = async (
  ends: Ends,
  settings: ClusterOptions['settings'] = {},
): Promise<Cluster> => {
  const dir = await mkdtemp(join(tmpdir(), 'runbook-cluster-'))
  const cluster = await startCluster({ dir, settings })
  ends.push(async () => {
    await cluster.stop()
    for (const each of [cluster.home, dir]) await rm(each, { recursive: true, force: true })
  })
  return cluster
}

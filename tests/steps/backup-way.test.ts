import { expect, onTestFinished, test } from 'vitest'
import { wayIsChosen } from '../../steps/backup/way.ts'
import { freshDatabase } from '../rig/postgres.ts'
import { programFolder, WITHOUT_ZSTD } from '../rig/program-folder.ts'
import { stepRig } from '../rig/step-rig.ts'

/** What pg_dump 17.2 prints when it is asked for several jobs for one file. */
const KNOWS = 'pg_dump: error: parallel backup only supported by the directory format'

interface Machine {
  version: string
  cores?: number
  says?: string
  programs?: string[]
  databaseUrl?: string
}

const chosen = async (
  prefer: 'size' | 'speed',
  { version, cores = 4, says = KNOWS, programs = [], databaseUrl }: Machine,
): Promise<string> => {
  const PATH = programFolder({
    real: programs,
    scripts: {
      getconf: `echo ${cores}`,
      pg_dump: `case "$*" in --version) echo 'pg_dump (PostgreSQL) ${version}';; *) echo '${says}' >&2; exit 1;; esac`,
    },
  })
  const rig = await stepRig({ dir: '/', ...(databaseUrl && { databaseUrl }), variables: { PATH } })
  onTestFinished(rig.dispose)
  const verdict = await rig.look(wayIsChosen(prefer))
  expect(verdict.holds).toBe(true)
  return verdict.seen
}

test('pg_dump 16 and later compresses by itself, as many tables at once as there are cores', async () => {
  expect(await chosen('size', { version: '17.2', programs: ['zstd'] })).toBe(
    'a folder, 4 tables at once, compressed by pg_dump itself, with zstd',
  )
  expect(await chosen('size', { version: '16.0', cores: 1 })).toBe(
    'one file, compressed by pg_dump itself, with zstd, as there is one core',
  )
  expect(await chosen('speed', { version: '17.2' })).toContain('a folder, not compressed, 4 tables at once')
})

test('one that was built without zstd, or is older, compresses with gzip', async () => {
  const gzip = 'a folder, 4 tables at once, compressed by pg_dump itself, with gzip'
  expect(await chosen('size', { version: '17.2', says: WITHOUT_ZSTD, programs: ['zstd'] })).toBe(gzip)
  expect(await chosen('size', { version: '15.18 (Debian 15.18-0+deb12u1)' })).toBe(gzip)
})

test('where it would work alone, another program compresses sooner', async () => {
  const one = { version: '15.18', cores: 1 }
  expect(await chosen('size', { ...one, programs: ['zstd', 'lz4'] })).toBe(
    'one file through zstd, as there is one core',
  )
  expect(await chosen('size', { ...one, programs: ['lz4'] })).toBe(
    'one file through lz4, as there is one core',
  )
  expect(await chosen('size', one)).toBe(
    'one file, compressed by pg_dump itself, with gzip, as there is one core',
  )
})

test('where one table is most of the database, too', async () => {
  const db = await freshDatabase()
  onTestFinished(() => db.drop())
  await db.query(
    'CREATE TABLE large AS SELECT generate_series(1, 100000) AS id; CREATE TABLE small (id int); ANALYZE',
  )
  const older = { version: '15.18', programs: ['zstd'], databaseUrl: db.url }
  expect(await chosen('size', older)).toBe('one file through zstd, as one table is most of it')
  expect(await chosen('size', { ...older, version: '17.2' })).toContain('a folder, 4 tables at once')
  await db.query('CREATE TABLE another AS SELECT * FROM large; ANALYZE')
  expect(await chosen('size', older)).toContain('a folder, 4 tables at once')
})

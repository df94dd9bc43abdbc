import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  appendFileSync,
  copyFileSync,
  cpSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { backupDatabase } from '../../steps/backup-database.ts'
import { restoreDatabase } from '../../steps/restore-database.ts'
import { freshDatabase, postgresBin } from '../rig/postgres.ts'
import { programFolder } from '../rig/program-folder.ts'
import { stepRig } from '../rig/step-rig.ts'

// A dump is a folder here. pg_restore takes `3341.dat` before `3341.dat.gz`, and follows links: what is restored must be
// what was summed, and nothing beside it.

let db: Awaited<ReturnType<typeof freshDatabase>>
let rig: Awaited<ReturnType<typeof stepRig>>
let dump: string
/** Another dump of the same tables with other rows, not compressed, in a folder of its own. */
let other: string

beforeEach(async () => {
  db = await freshDatabase()
  onTestFinished(db.drop)
  await db.query(`CREATE TABLE notes (id int PRIMARY KEY, note text); INSERT INTO notes VALUES (1, 'own')`)
  rig = await stepRig({ dir: '/', databaseUrl: db.url })
  onTestFinished(rig.dispose)
  const backup = await rig.run(backupDatabase())
  expect(backup.failure).toBeUndefined()
  dump = (backup.output as { dump: string }).dump
  expect(readdirSync(dump)).toContain('toc.dat')
  await db.query(`UPDATE notes SET note = 'theirs'`)
  other = join(mkdtempSync(join(tmpdir(), 'runbook other ')), 'dump')
  onTestFinished(() => rmSync(join(other, '..'), { recursive: true }))
  execFileSync(join(postgresBin(), 'pg_dump'), ['-Fd', '--compress=0', `--file=${other}`, db.url])
})

/** Of this test: the live one, and what stands beside it. */
const databases = async () =>
  (await db.query<{ name: string }>('SELECT datname AS name FROM pg_database ORDER BY 1'))
    .map(({ name }) => name)
    .filter((name) => name.startsWith(db.database))
const notes = async () => (await db.query<{ note: string }>('SELECT note FROM notes')).map(({ note }) => note)
const rowsIn = (folder: string) =>
  readdirSync(folder).find((name) => /^\d+\.dat/.test(name) && name !== 'toc.dat')!
const theirs = () => join(other, rowsIn(other))

const additions: [string, () => void][] = [
  [
    'a link that is read in place of a file',
    () => symlinkSync(theirs(), join(dump, rowsIn(dump).replace('.gz', ''))),
  ],
  [
    'a link in place of the file itself',
    () => {
      const own = join(dump, rowsIn(dump))
      renameSync(own, join(other, 'own'))
      symlinkSync(join(other, 'own'), own)
    },
  ],
  ['a link to nothing', () => symlinkSync('/nowhere/at/all', join(dump, '9999.dat'))],
  ['a link to a folder', () => symlinkSync(other, join(dump, 'more'))],
  ['a folder', () => cpSync(other, join(dump, 'more'), { recursive: true })],
  ['an empty folder', () => mkdirSync(join(dump, '9999.dat'))],
  ['a pipe', () => execFileSync('mkfifo', [join(dump, '9999.dat')])],
  ['a hidden file', () => writeFileSync(join(dump, '.toc.dat'), '')],
  [
    'a name with the end of a line in it',
    () => copyFileSync(theirs(), join(dump, `a\n-rw------- 1 0 0 4 Nov 1 00:00 b`)),
  ],
  ['a name with a space', () => copyFileSync(theirs(), join(dump, `${rowsIn(dump)} x`))],
  [
    'a link in place of the whole',
    () => {
      renameSync(dump, join(other, 'whole'))
      symlinkSync(join(other, 'whole'), dump)
    },
  ],
]

describe('what was added to a dump', () => {
  test.each(additions)('%s: is neither restored, beside or in place, nor called whole', async (_, add) => {
    add()
    for (const inPlace of [false, true]) {
      const { failure, performed } = await rig.run(restoreDatabase({ dump, inPlace }).bring)
      expect(failure).toMatchObject({
        kind: 'before-unmet',
        unmet: [{ seen: expect.stringMatching(/there is something in it that no dump has|no such file/) }],
      })
      expect(performed).toEqual([])
    }
    expect(await rig.proofs()).toMatchObject([{ stands: false }])
    expect(await notes()).toEqual(['theirs'])
  })

  test('a file with two names is the file that was summed', async () => {
    linkSync(join(dump, rowsIn(dump)), join(other, 'second'))
    const { bring, swap, account } = restoreDatabase({ dump })
    expect((await rig.run([bring, swap, account])).failure).toBeUndefined()
    expect(await notes()).toEqual(['own'])
  })
})

describe('what is put in place of a dump while it is read', () => {
  /** A restore of which each `pg_restore` is begun with `before` done, and ended with `after` done. */
  const restoredWhile = async (before: string, after = ':') => {
    const real = join(postgresBin(), 'pg_restore')
    const programs = programFolder({
      scripts: {
        pg_restore: `case "$*" in *--section=pre-data*) ;; *) exec ${real} "$@";; esac
${before}
${real} "$@"; code=$?
${after}
exit $code`,
      },
    })
    const PATH = `${programs}:${process.env.PATH}`
    const other = await stepRig({ dir: '/', databaseUrl: db.url, variables: { PATH } })
    onTestFinished(other.dispose)
    const { bring, swap, account } = restoreDatabase({ dump })
    return other.run([bring, swap, account])
  }
  const word = (text: string) => `'${text}'`
  const own = () => word(join(dump, rowsIn(dump)))
  const plain = () => word(join(dump, rowsIn(dump).replace('.gz', '')))
  const kept = () => word(join(other, 'kept'))
  const theirRows = () => word(theirs())
  const gzipped = () => `gzip -c ${theirRows()} > ${own()}`

  const swaps: [string, () => [string, string?]][] = [
    ['another file', () => [gzipped()]],
    [
      'another file, and the own one again afterwards',
      () => [
        `cp -p ${own()} ${kept()}; ${gzipped()}`,
        `cat ${kept()} > ${own()}; touch -r ${kept()} ${own()}`,
      ],
    ],
    ['by renaming, and back', () => [`mv ${own()} ${kept()}; ${gzipped()}`, `mv ${kept()} ${own()}`]],
    ['a file beside it, and away again', () => [`cp ${theirRows()} ${plain()}`, `rm ${plain()}`]],
    ['a link beside it, and away again', () => [`ln -s ${theirRows()} ${plain()}`, `rm ${plain()}`]],
    [
      'the whole folder, and back',
      () => [
        `mv ${word(dump)} ${word(`${dump}.kept`)}; cp -r ${word(other)} ${word(dump)}`,
        `rm -r ${word(dump)}; mv ${word(`${dump}.kept`)} ${word(dump)}`,
      ],
    ],
  ]
  test.each(swaps)('%s: never takes the live database’s place', async (_, how) => {
    const [before, after] = how()
    const { failure } = await restoredWhile(before, after)
    expect(failure).toMatchObject({
      kind: 'after-unmet',
      unmet: [{ fact: expect.stringContaining('as it was summed') }],
    })
    expect(await notes()).toEqual(['theirs'])
    expect(await databases()).toEqual([db.database])
  })

  test('in place: neither the dump, while its SQL is written, nor that SQL before it is performed', async () => {
    const real = join(postgresBin(), 'pg_restore')
    const programs = programFolder({
      scripts: {
        pg_restore: `case "$*" in *--file=*restoring.sql*) ${gzipped()};; esac\nexec ${real} "$@"`,
      },
    })
    const swapping = await stepRig({
      ...{ dir: '/', databaseUrl: db.url },
      variables: { PATH: `${programs}:${process.env.PATH}` },
    })
    onTestFinished(swapping.dispose)
    copyFileSync(join(dump, rowsIn(dump)), join(other, 'kept'))
    const { bring, swap } = restoreDatabase({ dump, inPlace: true })
    expect((await swapping.run([bring, swap])).failure).toMatchObject({
      unmet: [{ fact: expect.stringContaining('as it was summed') }],
    })
    copyFileSync(join(other, 'kept'), join(dump, rowsIn(dump)))
    const late = await rig.run([bring, swap], {
      before: async ({ id }) => {
        if (id === swap.id)
          appendFileSync(`${dump}.restoring.sql`, `UPDATE public.notes SET note = 'evil';\n`)
      },
    })
    expect(late.failure).toMatchObject({
      unmet: [{ fact: 'the SQL of the backup is as it was written' }],
    })
    expect(await notes()).toEqual(['theirs'])
    expect((await rig.run([bring, swap])).failure).toBeUndefined()
    expect(await notes()).toEqual(['own'])
  })

  test('and what it was unpacked into: neither', async () => {
    const pg_dump = join(postgresBin(), 'pg_dump')
    const make = (to: string, url: string) =>
      execFileSync('sh', ['-c', `"$0" -Fc --compress=0 "$1" | zstd -q -f -o "$2"`, pg_dump, url, to])
    await db.query(`UPDATE notes SET note = 'own'`)
    rmSync(dump, { recursive: true })
    make(dump, db.url)
    await db.query(`UPDATE notes SET note = 'evil'`)
    execFileSync(pg_dump, ['-Fc', '--compress=0', `--file=${join(other, 'evil')}`, db.url])
    const bytes = readFileSync(dump)
    const manifest = JSON.parse(readFileSync(`${dump}.json`, 'utf8'))
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    writeFileSync(
      `${dump}.json`,
      JSON.stringify({ ...manifest, format: 'custom-zstd', sha256, size: bytes.length }),
    )
    const { failure } = await restoredWhile(`cp ${word(join(other, 'evil'))} ${word(`${dump}.unpacked`)}`)
    expect(failure).toMatchObject({
      unmet: [{ seen: expect.stringContaining('into which it was unpacked') }],
    })
    expect(await notes()).toEqual(['evil'])
    expect((await restoredWhile(':')).failure).toBeUndefined()
    expect(await notes()).toEqual(['own'])
  })
})

import { z } from 'zod'
import { clientFitsServer } from '../checks/client-fits-server.ts'
import { databaseAnswers } from '../checks/database-answers.ts'
import { secretPresent } from '../checks/secret-present.ts'
import { databaseOf, defineStep, early, factory, nothingToUndo, type Secret } from '../runbook/index.ts'
import { BACKUP, theBackup } from './backup/the-backup.ts'
import { allowances, canBeRehearsed, copyIsGone, howItIsRehearsed } from './rehearsal/can-be-rehearsed.ts'
import { checkOutCode } from './rehearsal/check-out-code.ts'
import { copyActions } from './rehearsal/copy-actions.ts'
import { leadsNowhereElse } from './rehearsal/leads-nowhere-else.ts'
import { rehearseOnCopy } from './rehearsal/rehearse-on-copy.ts'
import { findWhere } from './rehearsal/where.ts'
import { canBeRead } from './restore/restore-dump.ts'
import { roomForAnother, roomToUnpack } from './restore/room-for-another.ts'

export const rehearse = factory(
  'rehearse',
  {
    /** The step of the same book that backs the database up. */
    from: theBackup,
    /** Where: on a server that the book names, or on one started for it. Default: the database's own server. */
    on: z
      .union([
        z.literal('throwaway'),
        z.custom<Secret>(
          (value) => (value as Secret | null)?.kind === 'secret',
          "must be secret('NAME') or 'throwaway'",
        ),
      ])
      .optional()
      .describe(
        "where: secret('REHEARSAL_DATABASE_URL'), or 'throwaway', a server started for it; default: the database's own server, or else a throwaway one",
      ),
    /** What may happen although it stops a run otherwise, by the names that a rehearsal gives. */
    allow: z
      .array(z.string().min(1))
      .default([])
      .describe(
        'what may happen although it stops a run otherwise, by the names that it gives: drop:avatars.bio',
      ),
    /** How long a table that is in use may be locked, in ms. Default: 1000. */
    longest: z
      .int()
      .nonnegative()
      .default(1000)
      .describe('how long a table that is in use may be locked before that has to be allowed by name, in ms'),
    /** Why this book rehearses nothing here. */
    off: z.string().min(1).optional().describe('why nothing is rehearsed here'),
  },
  ({ from, on, allow, longest, off }) => {
    const code = checkOutCode('code-to-come')
    return defineStep({
      id: 'rehearse',
      title: off ? 'Rehearse nothing' : 'Rehearse on a copy what will change the database',
      about:
        'Restores the backup that was just made into a database beside the live one, which proves the backup; performs on ' +
        'it every step that migrates, with its own checks; and takes each back again, which proves the way back. Says what ' +
        'each statement took, what it locked and for how long, and what it wrote anew. A migration that fails on the data ' +
        'stops the run before anything is changed, and the rows are named that it fails on. What locks a table for ' +
        'long, or drops something with data in it, has to be allowed by name. In a protected environment it is done by ' +
        'itself, before the question; the copy is always removed.',
      sort: 'prepares',
      role: 'rehearsal',
      at: 'backups',
      ...(!off && { ahead: [from, code] }),
      needs: ({ env }) =>
        off
          ? []
          : [
              secretPresent(databaseOf(env).url.name),
              ...(typeof on === 'object' ? [secretPresent(on.name)] : []),
              databaseAnswers(),
              clientFitsServer('pg_restore'),
            ],
      observe: async (at) => (off ? null : findWhere(at, on, from)),
      before: ({ observed, run }) =>
        observed
          ? [
              early(canBeRehearsed(observed, allow)),
              early(leadsNowhereElse(allow)),
              ...(observed.where.kind === 'same' ? [early(roomForAnother(observed.size))] : []),
              ...[...canBeRead(observed), ...roomToUnpack(observed, run.backups, observed.size)].map(early),
            ]
          : [],
      findings: ({ observed }) => howItIsRehearsed(observed, off),
      actions: ({ observed, env }) => (observed ? copyActions(observed, env, on) : {}),
      run: (act) => rehearseOnCopy(act, { from, code, longest, on, isAllowed: allowances(act, allow) }),
      after: ({ observed }) => [copyIsGone(observed, on)],
      undo: () => nothingToUndo('it changes nothing, and its copy is removed'),
    })
  },
  { from: BACKUP },
)

import { diskHasRoom } from '../../checks/disk-has-room.ts'
import { type Check, defineCheck, holds, selects } from '../../runbook/index.ts'
import { type Archive, programOf } from '../backup/archive.ts'

/**
 * The server's disk has room for a second database of that size. Only where the server stands on the machine that the
 * commands run on, and tells where its files are; otherwise a full disk ends the restore, before anything is stopped.
 */
export const roomForAnother = (size: number): Check =>
  defineCheck({
    fact: 'the server’s disk has room for a second database',
    remedy: 'make room on the disk of the database server; old replaced databases go with: runbook prune',
    look: async (at) => {
      const told = await at.attempt(
        selects<{ folder: string; near: boolean }>(
          `SELECT current_setting('data_directory') AS folder,
             inet_server_addr() IS NULL OR inet_server_addr() = inet_client_addr() AS near`,
        ),
      )
      const [server] = told.ok ? told.value : []
      if (!server?.near)
        return holds('cannot be seen from here; a restore that finds no room leaves all as it was')
      return diskHasRoom({ path: server.folder, bytes: size, for: 'a second database' }).look(at)
    },
  })

/** A dump that is a stream is unpacked in its folder for the time of a restore. `size`: of the database. */
export const roomToUnpack = ({ format }: Pick<Archive, 'format'>, folder: string, size: number): Check[] =>
  programOf(format) === undefined
    ? []
    : [diskHasRoom({ path: () => folder, bytes: size, for: 'the unpacked dump' })]

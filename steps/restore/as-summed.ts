import { dumpOnDisk, sha256OfDump, traceOf } from '../../checks/reading/dump-sum.ts'
import { sha256Of } from '../../checks/reading/sha256.ts'
import {
  type Act,
  fails,
  holds,
  reads,
  shellWord,
  type Verdict,
  WHOLE_DATABASE,
} from '../../runbook/index.ts'
import { type Archive, unpacksToOutput } from '../backup/archive.ts'
import { unpackedOf } from '../backup/files.ts'

/** A dump while it is read: whether what was restored is what was summed. */
export interface Watched {
  /** To be called when a stream has been unpacked. */
  unpacked(): Promise<void>
  /** To be called when all that reads it has ended: stops the step where anything of it was touched meanwhile, or is not what was meant. */
  prove(): Promise<void>
}

/**
 * Begins to watch a dump that is about to be read. It was summed before, but pg_restore opens its files by their names: in between
 * others could be there. `sha256`: the one that is meant.
 */
export const watchDump = async (act: Act<any, any>, archive: Archive, sha256: string): Promise<Watched> => {
  const { dump } = archive
  const begun = await traceOf(act, dump)
  const copy = unpackedOf(dump)
  let copied: string | undefined
  return {
    unpacked: async () => {
      copied = await traceOf(act, copy)
    },
    prove: async () => {
      const verdict = async (): Promise<Verdict> => {
        if ((await traceOf(act, dump)) !== begun) return fails('files of it were touched while it was read')
        const there = await dumpOnDisk(act, dump)
        if (!there) return fails('the dump is gone')
        if (there.strange !== undefined) return fails(there.strange)
        const found = await sha256OfDump(act, dump, there)
        if (found !== sha256) return fails(`it has sha256 ${found} now; the one that is meant has ${sha256}`)
        if (copied === undefined) return holds(`sha256 ${sha256}, and nothing of it was touched meanwhile`)
        const [own, whole] = await Promise.all([sha256Of(act, copy), sumUnpacked(act, archive)])
        if (own !== whole || (await traceOf(act, copy)) !== copied)
          return fails(`${copy}, into which it was unpacked, is not what is in it`)
        return holds(
          `sha256 ${sha256}, and nothing of it or of what it was unpacked into was touched meanwhile`,
        )
      }
      act.prove(
        `what was restored is the backup ${dump}, as it was summed`,
        await verdict(),
        'find out who else writes there; the live database is as it was; then try again',
      )
    },
  }
}

/** Of what a stream unpacks to, without a file. */
const sumUnpacked = async ({ see }: Act<any, any>, archive: Archive): Promise<string> => {
  const reading = unpacksToOutput(archive)!.map(shellWord).join(' ')
  const summed = `${reading} | { sha256sum 2>/dev/null || shasum -a 256 2>/dev/null || openssl dgst -sha256 -r; }`
  return (await see({ ...reads('sh', '-c', summed), timeout: WHOLE_DATABASE })).slice(0, 64)
}

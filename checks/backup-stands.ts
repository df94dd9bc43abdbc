import { defineCheck, fails, holds, manifestOf, quantity, typed } from '../runbook/index.ts'
import { printTotals, readManifest, totalsOf } from './reading/backup-manifest.ts'
import { dumpOnDisk, sha256OfDump } from './reading/dump-sum.ts'

/**
 * A dump is the one that its manifest describes, to the bit. `sha256`: the one that is meant, which the manifest must bear
 * too: whoever replaces a dump can write a manifest that fits it.
 */
export const backupStands = (dump: string, sha256?: string) =>
  defineCheck({
    fact: `the backup ${dump} is what its manifest says${sha256 === undefined ? '' : ', and the one that is meant'}`,
    remedy: 'do not rely on it; make a new backup',
    look: async (at) => {
      const manifest = await readManifest(at, dump)
      if (!manifest) return fails(`there is no manifest ${manifestOf(dump)}, or it is damaged`)
      if (sha256 !== undefined && manifest.sha256 !== sha256)
        return fails(`its manifest says sha256 ${manifest.sha256}; the one that is meant has ${sha256}`, {
          remedy: typed`find out who replaced it, and where the one that is meant was copied to; to restore this one all the same, name it: runbook restore ${at.env.name} sha256:${manifest.sha256}`,
        })
      const there = await dumpOnDisk(at, dump)
      if (!there) return fails('the dump is gone')
      if (there.strange !== undefined)
        return fails(`there is something in it that no dump has: ${there.strange}`, {
          remedy: typed`find out who put it there: ls -la ${dump}; without it the backup is what it was`,
        })
      const { size } = there
      if (size !== manifest.size)
        return fails(`${quantity(size, 'byte')}, the manifest says ${quantity(manifest.size, 'byte')}`)
      const found = await sha256OfDump(at, dump, there)
      return found === manifest.sha256
        ? holds(printTotals(totalsOf(manifest)))
        : fails(`sha256 ${found}, the manifest says ${manifest.sha256}`)
    },
  })

import { defineCheck, fails, holds, manifestOf, quantity } from '../runbook/index.ts'
import { printTotals, readManifest, totalsOf } from './reading/backup-manifest.ts'
import { sha256OfDump, sizeOfDump } from './reading/dump-sum.ts'

/** A dump is the one that its manifest describes, to the bit. */
export const backupStands = (dump: string) =>
  defineCheck({
    fact: `the backup ${dump} is what its manifest says`,
    remedy: 'do not rely on it; make a new backup',
    look: async (at) => {
      const manifest = await readManifest(at, dump)
      if (!manifest) return fails(`there is no manifest ${manifestOf(dump)}, or it is damaged`)
      const size = await sizeOfDump(at, dump)
      if (size === undefined) return fails('the dump is gone')
      if (size !== manifest.size)
        return fails(`${quantity(size, 'byte')}, the manifest says ${quantity(manifest.size, 'byte')}`)
      const sha256 = await sha256OfDump(at, dump)
      return sha256 === manifest.sha256
        ? holds(printTotals(totalsOf(manifest)))
        : fails(`sha256 ${sha256}, the manifest says ${manifest.sha256}`)
    },
  })

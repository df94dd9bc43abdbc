import { join, resolve } from 'node:path'
import { systemClock } from '../doors/clock.ts'
import { writeText } from '../doors/files.ts'
import { foldRun } from '../journal/fold.ts'
import { listJournals } from '../journal/runs.ts'
import { EXIT } from '../model/exit.ts'
import { jsonLine } from '../model/unseen.ts'
import { reportPage } from '../render/report/page.ts'
import { storyOf } from '../render/report/story.ts'
import { visibleIn } from '../render/visible.ts'
import { VERSION } from '../version.ts'
import { chosenRun } from './chosen-run.ts'
import type { Invocation } from './invocation.ts'
import { stateDirOf } from './open-book.ts'
import { demandOwnFolder } from './prepare-state-dir.ts'
import { sayUnlessWhole, sealOf, wholeTranscript } from './whole-transcript.ts'

/** What is larger is shown without what its programs printed: one may have printed a gigabyte. Bytes. */
const SMALL = 32_000_000

/** One run as a page to look at, to keep and to pass on; the latest where none is named. */
export const report = async (invocation: Invocation): Promise<number> => {
  const { options, out, say, paint, cwd } = invocation
  const stateDir = stateDirOf(invocation)
  const journals = listJournals(stateDir)
  const run = chosenRun(
    invocation.env,
    journals.map(({ id }) => id),
  )
  const outputs = journals.find(({ id }) => id === run)!.size < SMALL
  const transcript = await wholeTranscript(run, stateDir, invocation, { outputs })
  const events = visibleIn(transcript.events)
  const page = reportPage({
    ...{ run, state: foldRun(events), story: storyOf(events), seal: sealOf(transcript) },
    ...{ at: systemClock.now().toISOString(), version: VERSION },
  })
  if (!options.out) demandOwnFolder(stateDir)
  const path = options.out ? resolve(cwd, options.out) : join(stateDir, 'reports', `${run}.html`)
  // In the state folder nothing is written by way of a link; where `--out` says, as everywhere.
  await writeText(path, page, 0o600, { links: options.out ? 'followed' : 'replaced' })
  if (options.json) out(`${jsonLine({ run, path })}\n`)
  else
    say(
      `${paint.green('✔')} ${path}\n${outputs ? '' : '  The transcript is large: what programs printed is left out.\n'}`,
    )
  sayUnlessWhole(run, transcript)
  return EXIT.done
}

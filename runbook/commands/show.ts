import { ownOutput } from '../doors/own-process.ts'
import { BROKEN, changedLines, type Flaw, listRuns, transcriptOf } from '../journal/runs.ts'
import { EXIT } from '../model/exit.ts'
import { quantity } from '../model/quantity.ts'
import { typed } from '../model/shell-word.ts'
import { jsonLine } from '../model/unseen.ts'
import { transcriptText } from '../render/transcript-text.ts'
import { visible } from '../render/visible.ts'
import { chosenRun } from './chosen-run.ts'
import type { Invocation } from './invocation.ts'
import { stateDirOf } from './open-book.ts'
import { failing, wholeTranscript } from './whole-transcript.ts'

/** One run's transcript; the latest where none is named. */
export const show = async (invocation: Invocation): Promise<number> => {
  const { options, out, say, paint } = invocation
  const stateDir = stateDirOf(invocation)
  const run = chosenRun(invocation.env, listRuns(stateDir))
  if (options.check) return check(run, stateDir, invocation)
  const { events, flaws } = await transcriptOf(stateDir, run)
  if (options.json) for (const event of events) out(`${jsonLine(event)}\n`)
  else say(transcriptText(run, events, { paint, verbose: options.verbose ?? false }))
  for (const { line, what } of flaws) ownOutput.err(`line ${line} of the transcript ${visible(what)}\n`)
  if (!options.json)
    say(
      changedLines(flaws).length
        ? `${paint.red('✖')} ${run} is not as it was written: nothing is performed from it\n`
        : paint.dim(
            typed`  each line follows from the one before it; by the ledger too: runbook show ${run} --check\n`,
          ),
    )
  return flaws.length ? EXIT.failed : EXIT.done
}

/** Whether a transcript is as it was written. What a crash has cut off is no change of it. */
const check = async (run: string, stateDir: string, invocation: Invocation): Promise<number> => {
  const { options, out, say, paint } = invocation
  const { events, flaws, end, ledger } = await wholeTranscript(run, stateDir, invocation, { outputs: false })
  const changed = changedLines(flaws)
  const lines = quantity(end.seq + 1, 'line')
  if (options.json) out(`${jsonLine({ run, lines: end.seq + 1, hash: end.hash, flaws, ledger })}\n`)
  else if (changed.length)
    say(
      `${paint.red('✖')} ${run} is not ${failing(changed)}:\n${changed.map((flaw) => `  ${flawText(flaw)}\n`).join('')}`,
    )
  else say(`${paint.green('✔')} ${run} is as it was written: ${lines}, the last with SHA-256 ${end.hash}\n`)
  if (!options.json)
    for (const flaw of flaws) if (flaw.cut) say(`  line ${flaw.line} ${flaw.what}, and is set aside\n`)
  if (!options.json) say(`  ${visible(ledger)}\n`)
  if (!options.json && events.at(-1)?.type !== 'run-ended')
    say(
      '  it has no end: the run goes on, or was killed; lines taken away from its end cannot be told from that\n',
    )
  return changed.length ? EXIT.failed : EXIT.done
}

const flawText = ({ line, what }: Flaw): string =>
  what === BROKEN
    ? `line ${line} ${what}: one of the two was changed, or what stood between them is gone`
    : `line ${line} ${what}`

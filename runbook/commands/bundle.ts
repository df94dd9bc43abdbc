import { join } from 'node:path'
import { type Packed, writeArchive } from '../doors/archive.ts'
import { systemClock } from '../doors/clock.ts'
import { machineVersions } from '../doors/machine.ts'
import { withoutSecrets as withoutNamed } from '../doors/secrets.ts'
import { collectEvidence, type Piece } from '../engine/collect-evidence.ts'
import { openContext } from '../engine/open-context.ts'
import { withoutSecrets } from '../import/without-secrets.ts'
import { foldRun, type RunState } from '../journal/fold.ts'
import { pastRuns } from '../journal/past-runs.ts'
import { stampOf, stampOfRun } from '../journal/run-id.ts'
import { journalOf, listJournals, readTranscript } from '../journal/runs.ts'
import { EXIT } from '../model/exit.ts'
import { hidden } from '../model/hidden.ts'
import type { Person } from '../model/person.ts'
import { bytes } from '../model/quantity.ts'
import { jsonLine } from '../model/unseen.ts'
import { incidentPage } from '../render/incident-page.ts'
import { paintWith } from '../render/paint.ts'
import { transcriptText } from '../render/transcript-text.ts'
import { visible } from '../render/visible.ts'
import { VERSION } from '../version.ts'
import { chosenRun } from './chosen-run.ts'
import type { Invocation } from './invocation.ts'
import { openBook, stateDirOf } from './open-book.ts'
import { demandOwnFolder } from './prepare-state-dir.ts'
import { arrangementOf } from './take-back.ts'
import { UsageError } from './usage-error.ts'
import { sayUnlessWhole, sealOf, wholeTranscript } from './whole-transcript.ts'
import { whyBlind } from './why-blind.ts'

/** One archive with what somebody needs who is asked for help with a run; the latest where none is named. */
export const bundle = async (invocation: Invocation): Promise<number> => {
  const { options, out, say, paint } = invocation
  const stateDir = stateDirOf(invocation)
  const journals = listJournals(stateDir)
  const run = chosenRun(
    invocation.env,
    journals.map(({ id }) => id),
  )
  const held = await wholeTranscript(run, stateDir, invocation, { outputs: false })
  const state = foldRun(held.events)
  demandOwnFolder(stateDir)
  const at = systemClock.now()
  const { pieces, contacts, clean } = await collected(run, state, stateDir, invocation)
  const files: (Packed & { about: string })[] = [...(await transcripts(run, stateDir, clean))]
  const missing: { name: string; why: string }[] = []
  for (const piece of pieces)
    if ('text' in piece) files.push({ name: piece.file, about: piece.about, text: clean(piece.text) })
    else missing.push({ name: piece.file, why: clean(piece.missing) })
  const page = incidentPage({
    run,
    state,
    seal: sealOf(held),
    at: at.toISOString(),
    contacts,
    files,
    missing,
  })
  const begin = { name: 'incident.md', about: 'what happened, in words: begin here', text: clean(page) }
  const path = join(stateDir, 'bundles', `${run}.${stampOf(at)}.tar.gz`)
  const size = await writeArchive(path, run, [begin, ...files], at)
  if (options.json) {
    const names = [begin, ...files].map(({ name }) => name)
    out(`${jsonLine({ run, path, bytes: size, files: names, missing })}\n`)
    sayUnlessWhole(run, held)
    return EXIT.done
  }
  const width = Math.max(...[begin, ...files, ...missing].map(({ name }) => name.length))
  say(`${paint.green('✔')} ${path}, ${bytes(size)}, for your eyes only (0600)\n`)
  for (const { name, about } of [begin, ...files]) say(`  ${name.padEnd(width)}  ${about}\n`)
  for (const { name, why } of missing)
    say(paint.yellow(`  ${name.padEnd(width)}  not collected: ${visible(why).split('\n', 1)[0]}\n`))
  say('  What the book names as a secret is not in it. Look at the logs before you pass them on.\n')
  sayUnlessWhole(run, held)
  return EXIT.done
}

type About = { about: string }

/** Those of the run, and of the rollback that took it back. */
const transcripts = async (
  run: string,
  stateDir: string,
  clean: (text: string) => string,
): Promise<(Packed & About)[]> => {
  const later: string[] = []
  for await (const { id, started } of pastRuns(stateDir)) if (started?.takesBack === run) later.push(id)
  const sizes = new Map(listJournals(stateDir).map(({ id, size }) => [id, size]))
  const files: (Packed & About)[] = []
  for (const id of [run, ...later]) {
    const of = id === run ? 'the run' : 'the rollback that took it back'
    const folder = id === run ? '' : `${id}/`
    const path = journalOf(stateDir, id)
    const outputs = (sizes.get(id) ?? 0) < SMALL
    const { events } = await readTranscript(path, { outputs })
    const text = transcriptText(id, events, { paint: paintWith(false), verbose: true })
    files.push(
      {
        name: `${folder}transcript.txt`,
        about: `the transcript of ${of}, to read${outputs ? '' : ', without what its programs printed'}`,
        text: clean(text),
      },
      { name: `${folder}journal.jsonl`, about: `the same as it was written, with its hashes`, from: path },
    )
  }
  return files
}
/** What is larger is not read as a whole: a program may have printed a gigabyte. Bytes. */
const SMALL = 8_000_000

interface Collected {
  pieces: Piece[]
  contacts: readonly Person[]
  /** Takes out of a text whatever is known to be a secret, or looks like one, and what a terminal would obey. */
  clean(text: string): string
}

/** What can be had of the world; without a book that can be read, only this machine's versions. */
const collected = async (
  run: string,
  state: RunState,
  stateDir: string,
  invocation: Invocation,
): Promise<Collected> => {
  const { signal, variables, cwd } = invocation
  const versions: Piece = {
    ...{ file: 'versions.txt', about: 'of this tool, and of what it runs on' },
    text: [`runbook ${VERSION}, the run by ${state.started?.version ?? '?'}`, ...machineVersions(), ''].join(
      '\n',
    ),
  }
  try {
    const open = await openBook({ ...invocation, env: state.started?.env })
    const arrangement = arrangementOf({ id: run, state }, open)
    const { env, book } = arrangement
    const { context, close } = openContext({
      steps: arrangement.steps,
      ...{ env, bookFolder: open.bookFolder, stateDir, variables, cwd, signal, state },
      ...{ stamp: stampOfRun(run), name: 'runbook bundle', ask: async () => '', answers: { yes: false } },
    })
    try {
      context.doors.secrets.foresee()
      const pieces = await collectEvidence(arrangement, context, await whyBlind(context))
      const clean = (text: string) => visible(hidden(withoutSecrets(text)))
      return { pieces: [versions, ...pieces], contacts: book.contacts ?? [], clean }
    } finally {
      await close()
    }
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    const unnamed = withoutNamed(variables)
    const missing = `without the book nothing can be looked at: ${error.message}`
    return {
      pieces: [versions, { file: 'evidence', about: 'logs, versions, the checklist', missing }],
      contacts: [],
      clean: (text) => visible(unnamed(withoutSecrets(text))),
    }
  }
}

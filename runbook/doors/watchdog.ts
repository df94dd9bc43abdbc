import { constants } from 'node:os'
import { Worker } from 'node:worker_threads'

/** How long this thread may be busy with one thing, by turns: before it is said, and before it is stopped. Milliseconds. */
export interface Patience {
  said: number
  stopped: number
}

export interface Watchdog {
  /** Changes the patience; milliseconds. */
  be(patience: Patience): void
  end(): void
}

/** How long a signal may wait for this thread to hear it, before it is stopped for that. Milliseconds. */
export const UNHEARD = 5_000

/** How often this thread shows that it is alive, and how often that is looked at. Milliseconds. */
const BEAT = 250
/** By what name the other thread calls. */
const CALLED = 'runbook: it does not come back'

/**
 * Watches this thread from another: code that never comes back, such as an endless loop, hears no signal and no timer.
 * It is said after a while, on standard error (`{limit}` becomes the time after which it is stopped: '5 min'); later
 * `stopped` is called in the midst of it, with where it stands, to end the process; 5 s after one of the signals `ends`, or
 * at once after a second one, with that signal. What runs cannot be broken off instead: Node does not survive that in every
 * place.
 */
export const watchThisThread = (
  patience: Patience,
  said: string,
  stopped: (where: string, signal?: NodeJS.Signals) => never,
  ends: readonly NodeJS.Signals[] = [],
): Watchdog => {
  // The beat; the two patiences, in looks.
  const shared = new Int32Array(new SharedArrayBuffer(3 * Int32Array.BYTES_PER_ELEMENT))
  const be = (now: Patience): void => {
    Atomics.store(shared, 1, Math.ceil(now.said / BEAT))
    Atomics.store(shared, 2, Math.ceil(now.stopped / BEAT))
  }
  be(patience)
  Object.defineProperty(globalThis, Symbol.for(CALLED), { value: stopped })
  const beating = setInterval(() => Atomics.add(shared, 0, 1), BEAT).unref()
  const worker = new Worker(WATCH, {
    eval: true,
    // It needs nothing of this thread's: a loader, say, would cost it half a second.
    ...{ execArgv: [], env: {} },
    workerData: {
      ...{ shared, said, every: BEAT, called: CALLED, unheard: UNHEARD },
      signals: ends.map((name) => [name, constants.signals[name]]),
    },
    resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 1 },
  })
  // Without it everything else goes on.
  worker.on('error', () => {})
  worker.unref()
  return {
    be,
    end: () => {
      clearInterval(beating)
      void worker.terminate()
    },
  }
}

/**
 * Counts looks, not time: a machine that slept was not busy. The inspector reaches into the other thread while that is
 * busy; see https://nodejs.org/docs/latest-v20.x/api/inspector.html#sessionconnecttomainthread. Where even that does not
 * help, as in a call that never returns, the process is killed at its limit.
 *
 * Node hands signals to the main thread only. libuv itself hands them to each loop that asks, and its watcher is to be had by
 * the binding that Node's own `process.on` uses (deprecated for others, DEP0111). Where a Node has it no longer, a signal
 * during a loop waits for the limit.
 */
const WATCH = `
const { workerData: { shared, said, every, called, unheard, signals } } = require('node:worker_threads')
const { writeSync } = require('node:fs')
const say = (text) => { try { writeSync(2, text + '\\n') } catch {} }
const span = (ms) => ms < 120000 ? Math.round(ms / 1000) + ' s' : Math.round(ms / 60000) + ' min'
let [beat, looks, stopping] = [-1, 0, false]
let signal
process.noDeprecation = true
try {
  const { Signal } = process.binding('signal_wrap')
  for (const [name, number] of signals) {
    const watcher = new Signal()
    watcher.onsignal = () => {
      if (!signal) signal = { name, at: Date.now(), beat: Atomics.load(shared, 0), looks: 0 }
      // One Ctrl-C arrives twice, from the terminal and from npx.
      else if (Date.now() - signal.at > 300 && looks > 0) stop()
    }
    watcher.start(number)
  }
} catch {}
const stop = () => {
  if (stopping) return
  stopping = true
  const { Session } = require('node:inspector')
  const session = new Session()
  session.connectToMainThread()
  const urls = new Map()
  session.on('Debugger.scriptParsed', ({ params: { scriptId, url } }) => urls.set(scriptId, url))
  session.once('Debugger.paused', ({ params: { callFrames } }) => {
    const places = callFrames.map(({ location: { scriptId, lineNumber } }) => [urls.get(scriptId), lineNumber + 1])
    const [url, line] = places.find(([url]) => url && !url.startsWith('node:')) ?? []
    const where = url ? url.replace('file://', '') + ':' + line : ''
    const given = [where, ...(signal ? [signal.name] : [])].map((each) => JSON.stringify(each)).join(', ')
    const expression = 'globalThis[Symbol.for(' + JSON.stringify(called) + ')](' + given + ')'
    session.post('Debugger.evaluateOnCallFrame', { callFrameId: callFrames[0].callFrameId, expression })
  })
  session.post('Debugger.enable')
  session.post('Debugger.pause')
}
setInterval(() => {
  const now = Atomics.load(shared, 0)
  // It has come back since, twice: it hears by itself what had come.
  if (signal && now - signal.beat > 1) signal = undefined
  if (now !== beat) { beat = now; looks = 0; return }
  looks += 1
  const limit = Atomics.load(shared, 2)
  if (looks === Atomics.load(shared, 1)) say(said.replace('{limit}', span(limit * every)))
  if (signal) { signal.looks += 1; if (signal.looks >= unheard / every) stop() }
  if (looks >= limit) stop()
  if (looks === limit + 5000 / every) process.kill(process.pid, 'SIGKILL')
}, every)
`

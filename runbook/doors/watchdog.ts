import { Worker } from 'node:worker_threads'

/** How long this thread may be busy with one thing, by turns: before it is said, and before it is stopped. Milliseconds. */
export interface Patience {
  said: number
  stopped: number
}

export interface Watchdog {
  /** Whether what this thread did is being stopped, of which `stopped` is not told yet. */
  stops(): boolean
  /** Changes the patience; milliseconds. */
  be(patience: Patience): void
  end(): void
}

/** How often this thread shows that it is alive, and how often that is looked at. Milliseconds. */
const BEAT = 250

/**
 * Watches this thread from another: code that never comes back, such as an endless loop, hears no signal and no timer.
 * It is said after a while, on standard error, and stopped where it stands; `stopped` is told then, and where that was.
 */
export const watchThisThread = (
  patience: Patience,
  said: string,
  stopped: (where: string) => void,
): Watchdog => {
  // The beat; the two patiences, in looks; whether it stops something.
  const shared = new Int32Array(new SharedArrayBuffer(4 * Int32Array.BYTES_PER_ELEMENT))
  const be = (now: Patience): void => {
    Atomics.store(shared, 1, Math.ceil(now.said / BEAT))
    Atomics.store(shared, 2, Math.ceil(now.stopped / BEAT))
  }
  be(patience)
  const beating = setInterval(() => Atomics.add(shared, 0, 1), BEAT).unref()
  const worker = new Worker(WATCH, {
    eval: true,
    // It needs nothing of this thread's: a loader, say, would cost it half a second.
    ...{ execArgv: [], env: {} },
    workerData: { shared, said, every: BEAT },
    resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 1 },
  })
  worker.on('message', (where: string) => {
    Atomics.store(shared, 3, 0)
    stopped(where)
  })
  // Without it everything else goes on.
  worker.on('error', () => {})
  worker.unref()
  return {
    be,
    stops: () => Atomics.load(shared, 3) === 1,
    end: () => {
      clearInterval(beating)
      void worker.terminate()
    },
  }
}

/**
 * Counts looks, not time: a machine that slept was not busy. The inspector reaches into the other thread while that is
 * busy; see https://nodejs.org/docs/latest-v20.x/api/inspector.html#sessionconnecttomainthread.
 */
const WATCH = `
const { workerData: { shared, said, every }, parentPort } = require('node:worker_threads')
const { writeSync } = require('node:fs')
const say = (text) => { try { writeSync(2, text + '\\n') } catch {} }
let [beat, looks, session] = [-1, 0, undefined]
const stop = () => {
  const { Session } = require('node:inspector')
  session = new Session()
  session.connectToMainThread()
  const urls = new Map()
  session.on('Debugger.scriptParsed', ({ params: { scriptId, url } }) => urls.set(scriptId, url))
  session.once('Debugger.paused', ({ params: { callFrames } }) => {
    const places = callFrames.map(({ location: { scriptId, lineNumber } }) => [urls.get(scriptId), lineNumber + 1])
    const [url, line] = places.find(([url]) => url && !url.startsWith('node:')) ?? []
    const where = url ? url.replace('file://', '') + ':' + line : ''
    Atomics.store(shared, 3, 1)
    session.post('Runtime.terminateExecution', () => {
      session.post('Debugger.disable', () => { session.disconnect(); session = undefined; parentPort.postMessage(where) })
    })
    session.post('Debugger.resume')
  })
  session.post('Debugger.enable')
  session.post('Debugger.pause')
}
setInterval(() => {
  const now = Atomics.load(shared, 0)
  if (now !== beat) { beat = now; looks = 0; return }
  looks += 1
  if (looks === Atomics.load(shared, 1)) say(said)
  if (looks === Atomics.load(shared, 2) && !session) stop()
}, every)
`

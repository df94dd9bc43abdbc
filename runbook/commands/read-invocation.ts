import { terminalThere } from '../doors/prompt.ts'
import { paintWith } from '../render/paint.ts'
import type { Invocation, Options } from './invocation.ts'

/** What the operator typed, and what stands behind standard input and output. */
export const invocationOf = async (
  env: string | undefined,
  options: Options,
  signal: AbortSignal,
  argument?: string,
): Promise<Invocation> => {
  const words = options.json ? process.stderr : process.stdout
  // A reader that went away, such as `head`, must not end a deployment.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
  const colors = options.color !== false && !process.env.NO_COLOR && words.isTTY === true
  return {
    env,
    argument,
    options,
    cwd: process.cwd(),
    variables: process.env,
    signal,
    out: (text) => void process.stdout.write(text),
    say: (text) => void words.write(text),
    paint: paintWith(colors),
    canAsk: terminalThere(),
    canDraw: words === process.stdout && process.stdout.isTTY === true && process.env.TERM !== 'dumb',
  }
}

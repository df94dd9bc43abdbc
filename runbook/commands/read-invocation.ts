import { hideWhatOthersPrint, ownOutput, printable, printColours } from '../doors/own-process.ts'
import { terminalThere } from '../doors/prompt.ts'
import { paintWith } from '../render/paint.ts'
import type { Invocation, Options } from './invocation.ts'
import type { LastWord } from './last-word.ts'

/** What the operator typed, and what stands behind standard input and output. */
export const invocationOf = (
  env: string | undefined,
  options: Options,
  { signal, reading }: LastWord,
  argument?: string,
): Invocation => {
  const words = options.json ? process.stderr : process.stdout
  // A reader that went away, such as `head`, must not end a deployment.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
  const canDraw = words === process.stdout && process.stdout.isTTY === true && process.env.TERM !== 'dumb'
  // Where a tree is drawn, its drawer holds back what is written meanwhile.
  const print = canDraw ? (text: string) => void process.stdout.write(printable(text)) : ownOutput.out
  hideWhatOthersPrint({ draws: canDraw })
  const colors = options.color !== false && !process.env.NO_COLOR && words.isTTY === true
  printColours(colors)
  return {
    env,
    argument,
    options,
    cwd: process.cwd(),
    variables: process.env,
    signal,
    reading,
    out: options.json ? ownOutput.data : print,
    say: options.json ? ownOutput.err : print,
    paint: paintWith(colors),
    canAsk: terminalThere(),
    canDraw,
  }
}

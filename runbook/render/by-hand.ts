import type { Action, Command, Request, WriteFile } from '../model/action.ts'
import type { Environment } from '../model/environment.ts'
import { absoluteUrl, headersOf, printAction } from '../model/print-action.ts'
import { printText } from '../model/secret.ts'
import { shellWord, typed, typedPath, typedWord } from '../model/shell-word.ts'

/** An action as a person performs it: what is typed, and into what. */
export const byHand = (action: Action, env: Environment): { into: 'sh' | 'sql' | 'text'; text: string } => {
  switch (action.kind) {
    case 'query':
    case 'transaction':
      return { into: 'sql', text: printAction(action, env) }
    case 'request':
      return { into: 'sh', text: curl(action, env) }
    case 'write-file':
      return { into: 'sh', text: written(action) }
    case 'instruction':
      return { into: 'text', text: action.text }
    case 'command':
      // Where that is stands once, at the top of the page.
      return { into: 'sh', text: inItsFolder(printAction(asTyped(action), { ...env, host: 'local' })) }
    case 'read-file':
      return { into: 'sh', text: typed`cat -- ${action.path}` }
  }
}

/** What is shown of an input in its place cannot be typed. */
const asTyped = ({ shows: _, ...command }: Command): Command => command

/** The next line is typed in the application's folder again. */
const inItsFolder = (line: string): string =>
  line.startsWith('cd ') ? `(${line}${/ # with [\w, ]+$/.test(line) ? '\n' : ''})` : line

const curl = (request: Request, env: Environment): string => {
  const { method, url, json } = request
  const address = absoluteUrl(url, env)
  // To curl brackets and braces are several addresses.
  const options = ['-sS', '-i', ...(/[[\]{}]/.test(address) ? ['-g'] : [])]
  return [
    typed`curl ${options} -X ${method} ` + shellWord(address),
    ...Object.entries(headersOf(request, env)).map(
      ([name, value]) => `-H ${shellWord(`${name}: ${printText(value)}`)}`,
    ),
    ...(json === undefined
      ? []
      : ["-H 'Content-Type: application/json'", `-d ${shellWord(JSON.stringify(json))}`]),
  ].join(' \\\n  ')
}

/** What a book shows of it stands above it, where that is something else: of a file that is known only later. */
const written = ({ path, content, mode, shows }: WriteFile): string =>
  [
    ...(shows && shows !== content.trimEnd() ? shows.split('\n').map((line) => `# ${line}`) : []),
    ...(content === '' ? [`: > ${file(path)}`] : heredoc(path, content)),
    ...(mode === undefined ? [] : [`chmod ${mode.toString(8)} ${file(path)}`]),
  ].join('\n')

const heredoc = (path: string, content: string): string[] => {
  let end = 'EOF'
  while (content.split('\n').includes(end)) end += '_'
  return [
    `cat > ${file(path)} <<'${end}'`,
    content.replace(/\n$/, ''),
    end,
    ...(content.endsWith('\n') ? [] : ['# the tool would write no newline at its end']),
  ]
}

const file = (path: string): string => typedWord(typedPath(path), { quoted: true })

import { posix } from 'node:path'
import ts from 'typescript'

/** What a file reaches for beyond itself. */
export interface Reach {
  /** `../model/book.ts` as `runbook/model/book.ts`; a package as it is written; a global as `process.exit`. */
  readonly to: string
  readonly how: 'file' | 'package' | 'global'
  /** Gone when it runs. */
  readonly type: boolean
  /** `import('x')`. */
  readonly dynamic: boolean
  readonly line: number
}

/** Globals that reach outside, read the time, or run text. */
const GLOBALS = [
  'Date',
  'performance',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'fetch',
  'WebSocket',
  'process',
  'eval',
  'Function',
  'require',
]

/** Every import, re-export, `import()`, `import.meta.resolve()` and use of such a global, in the order of the file. */
export const reachesOf = (path: string, source: string): Reach[] => {
  const { file, isGlobal } = scopesOf(path, source)
  const found: Reach[] = []
  const add = (node: ts.Node, reach: Pick<Reach, 'to' | 'how'> & Partial<Reach>) =>
    found.push({ type: false, dynamic: false, ...reach, line: lineOf(node) })
  const addModule = (node: ts.Node, specifier: ts.Node | undefined, more: Partial<Reach> = {}) => {
    // What is not written out cannot be held.
    const name = specifier && ts.isStringLiteralLike(specifier) ? specifier.text : `‹${specifier?.getText()}›`
    const local = name.startsWith('.')
    add(node, {
      to: local ? posix.join(posix.dirname(path), name) : name,
      how: local ? 'file' : 'package',
      ...more,
    })
  }
  const lineOf = (node: ts.Node) => file.getLineAndCharacterOfPosition(node.getStart()).line + 1

  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node))
      addModule(node, node.moduleSpecifier, { type: isTypeOnly(node.importClause) })
    else if (ts.isExportDeclaration(node) && node.moduleSpecifier)
      addModule(node, node.moduleSpecifier, { type: node.isTypeOnly })
    else if (ts.isImportTypeNode(node))
      addModule(node, ts.isLiteralTypeNode(node.argument) ? node.argument.literal : node.argument, {
        type: true,
      })
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
      addModule(node, node.arguments[0], { dynamic: true })
    else if (ts.isCallExpression(node) && node.expression.getText() === 'import.meta.resolve')
      addModule(node, node.arguments[0], { dynamic: true })
    else if (ts.isIdentifier(node) && GLOBALS.includes(node.text) && isGlobal(node) && !isHarmless(node))
      add(node, { to: withMember(node), how: 'global' })
    ts.forEachChild(node, visit)
  }
  visit(file)
  return found
}

const isTypeOnly = (clause: ts.ImportClause | undefined): boolean => {
  if (!clause) return false
  if (clause.isTypeOnly) return true
  const named = clause.namedBindings
  return (
    !clause.name &&
    !!named &&
    ts.isNamedImports(named) &&
    named.elements.length > 0 &&
    named.elements.every((element) => element.isTypeOnly)
  )
}

/** The file alone, with its scopes: a variable of its own may be called `process`. */
const scopesOf = (path: string, source: string) => {
  const file = ts.createSourceFile(path, source, ts.ScriptTarget.ES2022, true)
  const host: ts.CompilerHost = {
    getSourceFile: (name) => (name === path ? file : undefined),
    getDefaultLibFileName: () => '',
    getCurrentDirectory: () => '',
    getCanonicalFileName: (name) => name,
    useCaseSensitiveFileNames: () => true,
    getNewLine: () => '\n',
    writeFile: () => {},
    fileExists: (name) => name === path,
    readFile: () => undefined,
  }
  const options = { noLib: true, noResolve: true, types: [], target: ts.ScriptTarget.ES2022 }
  const checker = ts.createProgram([path], options, host).getTypeChecker()
  const isGlobal = (node: ts.Identifier): boolean => {
    const { parent } = node
    if (ts.isPropertyAccessExpression(parent) && parent.name === node)
      return parent.expression.getText() === 'globalThis'
    if (ts.isShorthandPropertyAssignment(parent)) return !checker.getShorthandAssignmentValueSymbol(parent)
    // A key, or the name of what is declared.
    if (
      ('name' in parent && parent.name === node) ||
      ('propertyName' in parent && parent.propertyName === node)
    )
      return false
    return !checker.resolveName(node.text, node, ts.SymbolFlags.Value | ts.SymbolFlags.Alias, true)
  }
  return { file, isGlobal }
}

/** A type; `instanceof Date`; a date made of a text or a number. */
const isHarmless = (node: ts.Identifier): boolean => {
  const { parent } = node
  if (ts.isTypeReferenceNode(parent) || ts.isQualifiedName(parent)) return true
  if (node.text !== 'Date') return false
  if (ts.isBinaryExpression(parent)) return parent.operatorToken.kind === ts.SyntaxKind.InstanceOfKeyword
  if (ts.isPropertyAccessExpression(parent)) return parent.name.text !== 'now'
  return ts.isNewExpression(parent) && !!parent.arguments?.length
}

/** `process.exit`, `Date.now`, `new Date`. */
const withMember = (node: ts.Identifier): string => {
  const { parent } = node
  if (ts.isNewExpression(parent) && parent.expression === node) return `new ${node.text}`
  return ts.isPropertyAccessExpression(parent) && parent.expression === node
    ? `${node.text}.${parent.name.text}`
    : node.text
}

/** One line of the output log. */
export function log(line: string): void {
  console.log(line)
}

/** One line with the word `error` in the error log, and the stack below it. */
export function logError(what: string, error: unknown): void {
  const stack = error instanceof Error ? error.stack : String(error)
  console.error(`${new Date().toISOString()} error: ${what}: ${stack}`)
}

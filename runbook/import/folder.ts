/** The folder that a block has gone to. `known`: those of the page that are not relative; its first is the application's. */
export class Folder {
  /** Relative to the application's. */
  path = '.'
  private outside: string | undefined
  private before: { path: string; outside: string | undefined } = { path: '.', outside: undefined }

  constructor(
    private readonly known: Set<string>,
    private readonly isOfDeployment: boolean,
  ) {}

  /** Why nothing is performed here by a step that works in the application's folder. */
  elsewhere(): string | undefined {
    return this.outside && `it is done in ${this.outside}, which is not the application’s folder`
  }

  enter(given: string): void {
    const to = given.replace(/(.)\/+$/, '$1')
    const { path, outside } = this
    if (to === '-') {
      this.path = this.before.path
      this.outside = this.before.outside
    } else if (/^[/~$]/.test(to)) this.enterWhole(to)
    else if (outside !== undefined) this.outside = joined(outside, to)
    else this.path = joined(path, to)
    this.before = { path, outside }
  }

  private enterWhole(to: string): void {
    const [app] = this.known
    if (this.isOfDeployment) this.known.add(to)
    this.path = '.'
    this.outside = undefined
    if (app === undefined || app === to) return
    if (to.startsWith(`${app}/`)) this.path = to.slice(app.length + 1)
    else this.outside = to
  }
}

/** Without `.` and with `..` taken, as far as there is something to take. */
const joined = (base: string, to: string): string => {
  const parts: string[] = []
  for (const part of `${base}/${to}`.split('/')) {
    if (part === '.' || (part === '' && parts.length)) continue
    if (part === '..' && parts.length && parts.at(-1) !== '..') parts.pop()
    else parts.push(part)
  }
  return parts.join('/') || '.'
}

/** The folders of a page. */
export interface Folders {
  /** The application's, as the page names it: the first that it goes to, and which is no other's. */
  app?: string
  /** All that are not relative. */
  readonly all: Set<string>
}

/** The folder that a block has gone to. */
export class Folder {
  /** Relative to the application's. */
  path = '.'
  /** Another folder than the application’s, and none in it. */
  outside: string | undefined
  private before: { path: string; outside: string | undefined } = { path: '.', outside: undefined }

  constructor(
    private readonly known: Folders,
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
    const { known, isOfDeployment } = this
    if (isOfDeployment) {
      known.all.add(to)
      if (!OTHERS.test(to)) known.app ??= to
    }
    const { app } = known
    this.path = '.'
    this.outside = undefined
    if (app !== undefined && to.startsWith(`${app}/`)) this.path = to.slice(app.length + 1)
    else if (to !== app && (app !== undefined || OTHERS.test(to))) this.outside = to
  }
}

/** Never an application's. */
const OTHERS =
  /^(\/|~|\$HOME|\/root|\/home(\/\w+)?|\/(etc|tmp|usr|bin|dev|proc|sys|boot|lib|var\/(log|tmp|lib|backups?))(\/.*)?|\/var)$/

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

/** Where what is typed is performed: an `ssh` or `su` further up leads elsewhere, until `exit`. */
export interface Place {
  readonly kind: 'host' | 'user' | 'inside'
  readonly to: string
}

/** The way through hosts and accounts, as a page takes it. */
export class Session {
  private readonly open: Place[] = []
  /** What was performed so far, each with its arguments. */
  readonly called: (readonly string[])[] = []
  /** Where the last block ended, under which heading. */
  left: { readonly heading: string; readonly path: string; readonly outside: string | undefined } | undefined
  /** `home`: the host on which a book performs its steps; undefined: this machine. `isThere`: the page has signed in before. */
  constructor(
    private readonly home: string | undefined,
    isThere = false,
  ) {
    if (home !== undefined && isThere) this.open.push({ kind: 'host', to: home })
  }

  enter(place: Place): void {
    // Signed in anew, from the reader's own machine.
    if (place.kind === 'host' && place.to === this.home) this.open.length = 0
    this.open.push(place)
  }
  /** False: there is nothing to leave. */
  leave(): boolean {
    return this.open.pop() !== undefined
  }
  /** Out of a container or a prompt: a page does not say that it leaves one. */
  endBlock(): void {
    const at = this.open.findIndex(({ kind }) => kind === 'inside')
    if (at >= 0) this.open.length = at
  }

  /** Why what is typed now is not performed where the book performs its steps; undefined: it is. */
  elsewhere(): string | undefined {
    const [first, ...rest] = this.open
    const inner = rest.at(-1)
    if (this.home === undefined) return first && saying(this.open.at(-1)!)
    if (first?.kind !== 'host' || first.to !== this.home)
      return first
        ? saying(first)
        : `the page is not on ${this.home} here, where this book performs its steps`
    return inner && saying(inner)
  }
}

const saying = ({ kind, to }: Place): string =>
  kind === 'host'
    ? `it is typed on ${to}`
    : kind === 'user'
      ? `it is typed as ${to}`
      : `it is typed inside of ${to || 'a container'}`

/** A mistake of the operator or of the book: nothing was done, exit 2. */
export class UsageError extends Error {
  constructor(
    message: string,
    readonly remedy: string,
  ) {
    super(message)
  }
}

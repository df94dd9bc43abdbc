/** An answer that is the caller's to mend: its message is sent, nothing is logged. */
export class HttpError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message)
  }
}

/**
 * UTF-8 as a string in which each byte stands as the character of its number. What a child prints stays in this form
 * until somebody reads it: to make characters of it and bytes again would be most of what recording it costs.
 */
export type ByteString = string & { readonly form: 'bytes' }

export const byteString = (bytes: Uint8Array): ByteString =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1') as ByteString

/** What it says. Bytes that are no UTF-8 become the sign for that. */
export const textOf = (bytes: ByteString): string => Buffer.from(bytes, 'latin1').toString()

/** An identifier as SQL takes it, whatever is in it. */
export const sqlName = (name: string): string => `"${name.replaceAll('"', '""')}"`

/** A text as SQL takes it; of one with a backslash whatever the server's settings are. */
export const sqlText = (text: string): string => {
  const doubled = text.replaceAll("'", "''")
  return text.includes('\\') ? ` E'${doubled.replaceAll('\\', '\\\\')}'` : `'${doubled}'`
}

/** Only root can give a file to somebody else. */
export const asRoot = process.getuid?.() === 0

/** The user and group that own nothing here. */
export const NOBODY = 65_534

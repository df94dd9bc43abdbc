/** '2026-11-22 02:15:00 UTC', of ISO 8601. */
export const momentText = (iso: string): string => `${iso.slice(0, 19).replace('T', ' ')} UTC`

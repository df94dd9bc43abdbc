// Runs again from the top whenever something in src/ changes: see `npm run dev`.
import { createRequire } from 'node:module'

await import('./build.mjs')
createRequire(import.meta.url)('../dist/server.js')

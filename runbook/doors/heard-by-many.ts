import { setMaxListeners } from 'node:events'

/**
 * A signal that ends much at once, such as a whole checklist. Node takes more than ten listeners for a leak, and would say
 * so to the operator.
 */
export const heardByMany = (signal: AbortSignal): AbortSignal => {
  setMaxListeners(0, signal)
  return signal
}

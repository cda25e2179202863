import { say } from '../../locale.ts'
import * as segments from '../../segments/index.ts'
import type { Visit } from './routes.ts'

const PATIENCE = 5000 // ms

/** How many readers it means, and how many of them can be written to; or that there are too many to count while a page waits. */
export async function counted({ app, c, language }: Visit, meant: segments.Meant): Promise<string> {
  const signal = AbortSignal.any([c.req.raw.signal, AbortSignal.timeout(PATIENCE)])
  try {
    return say(language, 'desk.segments-counted', await segments.count(app, meant, signal))
  } catch (error) {
    if (!signal.aborted) throw error
    return say(language, 'desk.segments-uncounted')
  }
}

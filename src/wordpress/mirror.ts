import type { Actor, App } from '../app.ts'
import type { Polled, Source } from '../sources/source.ts'

/** One turn of following a WordPress site: a bounded part of the back-fill, or what has changed since. */
export async function follow(_app: App, _actor: Actor, _source: Source, _signal?: AbortSignal): Promise<Polled> {
  return { status: 'error', error: 'not written yet' }
}

import type { Actor } from '../../app.ts'
import { Problem } from '../../problem.ts'

/** Who does what the demo does. */
export const ACTOR: Actor = 'demo'

/** Makes what is not there yet. */
export async function once(make: () => Promise<unknown>): Promise<void> {
  try {
    await make()
  } catch (error) {
    if (!(error instanceof Problem && error.code === 'slug-taken')) throw error
  }
}

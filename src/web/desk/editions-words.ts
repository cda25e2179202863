import { say } from '../../locale.ts'

const STATES = ['composing', 'frozen', 'held', 'done', 'skipped'] as const
const HELD = ['paused', 'withdrawn', 'first', 'refusals', 'complaints'] as const
const SKIPPED = ['no-readers', 'all-served', 'no-news', 'too-few', 'missed'] as const

/** How an edition stands, and why it is held or was skipped. */
export function stateWords(language: string, state: string, reason: string | null): string {
  const known = STATES.find((one) => one === state)
  const words = known ? say(language, `desk.editions-state-${known}`) : state
  const held = HELD.find((one) => one === reason)
  if (state === 'held' && held) return `${words}: ${say(language, `desk.editions-held-${held}`)}`
  const skipped = SKIPPED.find((one) => one === reason)
  return state === 'skipped' && skipped ? `${words}: ${say(language, `desk.editions-skipped-${skipped}`)}` : words
}

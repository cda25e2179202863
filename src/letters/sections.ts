import type { LetterStory } from './letter.ts'

/** A story and what stands above it: its section, as a divider where a run of its stories begins. */
export type Placed = { story: LetterStory; section: string | null; divider: boolean }

/**
 * Stories in their given order, each with its section.
 *
 * Where the news happens to come in runs (two stories to a section, on the average), a section is named once, as a
 * divider; else each story says its own.
 */
export function placed(stories: LetterStory[]): Placed[] {
  const begins = stories.map((story, index) => index === 0 || story.section !== stories[index - 1]!.section)
  const inRuns = begins.filter(Boolean).length * 2 <= stories.length
  return stories.map((story, index) => {
    const named = !inRuns || begins[index]!
    return { story, section: named ? story.section : null, divider: inRuns && named && index > 0 }
  })
}

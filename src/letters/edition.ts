import { Problem } from '../problem.ts'
import { plainLanguage } from './direction.ts'
import { html } from './edition-html.ts'
import { subjectOf, text } from './edition-text.ts'
import type { EditionLetter, LetterStory, Rendered } from './letter.ts'
import { fill, TOKEN } from './slots.ts'
import { tidy } from './tidy.ts'

const LIMIT = 90_000 // bytes; Gmail hides what follows about 102,000, the unsubscribe link among it

/**
 * Renders a digest's letter, once for all readers who share it.
 *
 * The HTML never exceeds 90 KB: excerpts go first, from the end, then whole stories, into the count of "all N stories".
 */
export function renderEdition(letter: EditionLetter): Rendered {
  const whole = checked(letter)
  const lead = whole.stories[0] ?? whole.headlines[0]
  if (!lead) throw new Error('a letter leads with a story')
  const subject = subjectOf(lead, whole)
  const most = whole.stories.length * 2 + whole.headlines.length - 1
  const steps = least(most, (steps) => weight(html(trimmed(whole, steps), subject)) <= LIMIT)
  const shown = trimmed(whole, steps)
  return { subject, html: html(shown, subject), text: text(shown) }
}

/** The letter with every text harmless and every language reduced to what decides its words and direction. */
function checked(letter: EditionLetter): EditionLetter {
  const plain = ({ picture, ...story }: LetterStory) => ({
    ...story,
    language: plainLanguage(story.language),
    ...(letter.bare ? { excerpt: '' } : picture && { picture }),
  })
  const { stories, headlines, language, ...rest } = tidy(letter)
  return { ...rest, language: plainLanguage(language), stories: stories.map(plain), headlines: headlines.map(plain) }
}

/** The fewest steps that suffice. */
function least(most: number, suffice: (steps: number) => boolean): number {
  if (suffice(0)) return 0
  let [few, enough] = [0, most]
  if (!suffice(enough)) throw new Problem('letter-too-large')
  while (enough - few > 1) {
    const middle = (few + enough) >> 1
    if (suffice(middle)) enough = middle
    else few = middle
  }
  return enough
}

/** The letter after so many steps of leaving out: an excerpt from the end, then a headline or a story from the end. */
function trimmed(letter: EditionLetter, steps: number): EditionLetter {
  const bare = Math.min(steps, letter.stories.length)
  const unnamed = steps - bare
  const full = letter.stories.length - bare
  const fewer = Math.min(unnamed, letter.headlines.length)
  const stories = letter.stories.map((story, index) => (index < full ? story : { ...story, excerpt: '' }))
  return {
    ...letter,
    stories: stories.slice(0, stories.length - (unnamed - fewer)),
    headlines: letter.headlines.slice(0, letter.headlines.length - fewer),
    more: letter.more + unnamed,
  }
}

/** What the letter weighs on its way: tokens in place, lines ended by CRLF. */
function weight(html: string): number {
  const token = '-'.repeat(TOKEN)
  const filled = fill(html, { unsubscribe: token, preferences: token })
  return Buffer.byteLength(filled) + (filled.match(/\n/g)?.length ?? 0)
}

import { instant } from '../../db/instant.ts'
import { direction, hijriDate, longDate, shortDate } from '../locale.ts'
import { type Direction, isolated, line, words } from './direction.ts'
import type { EditionLetter, LetterStory } from './letter.ts'
import { placed } from './sections.ts'
import { slot } from './slots.ts'

const HEADLINE = 120 // letters of it in the subject
const RULE = '─'.repeat(24)

/** The lead's headline and the date, as they stand in an inbox: `… · 04/12/2025`. */
export function subjectOf(
  lead: Pick<LetterStory, 'title' | 'language'>,
  { language, day, paper }: Pick<EditionLetter, 'language' | 'day'> & { paper: { zone: string } },
): string {
  const dir = direction(language)
  const headline = isolated(clipped(lead.title), dir, direction(lead.language))
  const date = shortDate(instant(day.toZonedDateTime(paper.zone).toInstant()), paper.zone, language)
  return line(`${headline} · ${date}`, dir)
}

/**
 * The letter as plain text, of the same content.
 *
 * Addresses stand alone on their lines and a blank line follows each, so that the padding beside a slot shows nowhere.
 */
export function text(letter: EditionLetter): string {
  const { language, paper, digest, day, webUrl, publicUrl } = letter
  const dir = direction(language)
  const hijri = language.startsWith('ar') ? ` · ${hijriDate(day, language)}` : ''
  const said = (key: Parameters<typeof words>[1], values = {}) => line(words(language, key, values), dir)
  const blocks = [
    [line(paper.name, dir)],
    [line(isolated(digest.title, dir), dir), line(`${longDate(day, language)}${hijri}`, dir)],
    [said('letter.web'), webUrl],
    [RULE],
    ...placed(letter.stories).flatMap(({ story, section, divider }) => [
      ...(divider ? [[RULE, ...(section ? [line(section, direction(story.language))] : [])]] : []),
      storyLines(story, divider ? null : section, paper.zone),
    ]),
    ...(letter.stories.length > 0 && letter.headlines.length > 0 ? [[RULE, said('letter.also')]] : []),
    ...letter.headlines.map((story) => storyLines({ ...story, excerpt: '' }, null, paper.zone)),
    [RULE],
    letter.more > 0
      ? [said('letter.all', { total: letter.total }), webUrl]
      : [said('letter.visit', { paper: paper.name }), paper.url],
    [said('letter.reason', { list: letter.list.title, paper: paper.name })],
    [said('letter.preferences'), `${publicUrl}/preferences/${slot('preferences')}`],
    [said('letter.unsubscribe'), `${publicUrl}/unsubscribe/${slot('unsubscribe')}`],
    paper.postal_address ? [line(`${paper.name} · ${isolated(paper.postal_address, dir)}`, dir)] : [],
  ]
  return `${blocks
    .filter((block) => block.length > 0)
    .map((block) => block.join('\n'))
    .join('\n\n')}\n`
}

function storyLines(story: LetterStory, section: string | null, zone: string): string[] {
  const dir: Direction = direction(story.language)
  const date = shortDate(story.published_at, zone, story.language)
  const lines = [story.title, story.excerpt, section ? `${section} · ${date}` : date]
  return [...lines.filter(Boolean).map((said) => line(said, dir)), story.url]
}

/** A headline of bearable length: at most 120 letters, cut at a word where it has any. */
function clipped(title: string): string {
  const letters = [...new Intl.Segmenter().segment(title)]
  if (letters.length <= HEADLINE) return title
  const cut = title.slice(0, letters[HEADLINE]!.index)
  return `${cut.replace(/\s+\S*$/u, '')}…`
}

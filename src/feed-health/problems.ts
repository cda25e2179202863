import type { Facts, Figures } from './figures.ts'

/**
 * What is wrong with a feed. An error makes it invalid; a warning is something that its newsroom will want to know. `code`
 * is the key of its sentence (`health.<code>`), which the other values fill.
 */
export type Problem = { code: Code; level: 'error' | 'warning'; [value: string]: unknown }

type Code =
  | 'unbuildable'
  | 'malformed'
  | 'profile'
  | 'left-out'
  | 'empty'
  | 'languages'
  | 'no-images'
  | 'too-short'
  | 'silent'
  | 'no-descriptions'
  | 'future'

const SHORT = 24 // hours: a reader that asks once a day must not miss anything
const PATIENCE = 3 // days without an entry that a weekend or a holiday may bring
const MISSED = 7 // entries that should have come: by chance that happens once in a thousand times

type Warning = (figures: Figures, facts: Facts & { announced: string }) => Record<string, unknown> | false | undefined

/** Each says what its sentence tells, or that there is nothing to tell. */
const WARNINGS: Partial<Record<Code, Warning>> = {
  languages: ({ languages, entries }, { wanted, announced }) => {
    const strangers = foreign(languages, entries, wanted, announced)
    return strangers.length > 0 && { languages: strangers, wanted: wanted.length > 0 ? wanted : [announced] }
  },
  'no-images': ({ images, entries }) => images.without > entries / 2 && { n: images.without, entries },
  'too-short': ({ entries, size, rate }, { lately }) =>
    entries >= size && lately > size && rate.covers! < SHORT && { size, covers: rate.covers, perDay: rate.perDay },
  silent: ({ rate }, { idle, lately }) =>
    idle >= PATIENCE && (lately === 0 || rate.perDay * idle >= MISSED) && { days: idle, perDay: rate.perDay },
  'no-descriptions': ({ entries }, { withoutDescription: n }) => n > 0 && { n, entries },
  future: ({ dates }) => dates.future !== undefined && { n: dates.future },
}

/** What the newsroom will want to know of a feed that readers can take. */
export function warnings(figures: Figures, facts: Facts & { announced: string }): Problem[] {
  if (figures.entries === 0) return [{ code: 'empty', level: 'warning' }]
  return Object.entries(WARNINGS).flatMap(([code, look]): Problem[] => {
    const values = look(figures, facts)
    return values ? [{ code: code as Code, level: 'warning', ...values }] : []
  })
}

/** Languages that the channel is not for; where it is for all, those of most entries if it announces another one. */
function foreign(languages: Figures['languages'], entries: number, wanted: string[], announced: string): string[] {
  const tags = Object.keys(languages)
  if (wanted.length > 0) return tags.filter((tag) => !wanted.some((one) => alike(tag, one)))
  const strange = tags.filter((tag) => !alike(tag, announced))
  const n = strange.reduce((sum, tag) => sum + languages[tag]!, 0)
  return n > entries / 2 ? strange : []
}

/** `en-GB` and `en`: readers forgive that. */
function alike(one: string, other: string): boolean {
  return one.split('-')[0]!.toLowerCase() === other.split('-')[0]!.toLowerCase()
}

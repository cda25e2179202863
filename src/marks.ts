import { forms, split, UNSPACED } from '../db/words.ts'
import { fold } from './text.ts'

/** A stretch of a text as it was written; `matched` where it is what somebody looked for. */
export type Piece = { text: string; matched: boolean }

/** A word with all that clings to it, or one letter where words are not told apart. */
const WORD = new RegExp(
  `${UNSPACED.source}|(?:(?!${UNSPACED.source})[\\p{L}\\p{N}])(?:(?!${UNSPACED.source})[\\p{L}\\p{N}\\p{M}\\p{Cf}])*`,
  'gu',
)
const graphemes = new Intl.Segmenter('ar', { granularity: 'grapheme' })
const BEFORE = 6 // words of a snippet before what was found
const AFTER = 22
const READ = 30_000 // letters of a body that are looked through

/** Finds the words of a search, folded as they are, in texts as they were written. */
export function openFinder(words: string[]) {
  const known = new Map<string, number>()

  /** Which of the words this one is: a bit for each. */
  function bits(word: string): number {
    let found = known.get(word)
    if (found === undefined) {
      const all = split(fold(word)).flatMap(forms)
      found = words.reduce((sum, wanted, n) => sum | (all.some((form) => same(form, wanted)) ? 1 << n : 0), 0)
      known.set(word, found)
    }
    return found
  }

  return {
    /** The text in pieces, none of them begun or ended within a grapheme; joined together they are the text. */
    pieces(text: string): Piece[] {
      const pieces: Piece[] = []
      const whole = graphemes.segment(text)
      let end = 0
      for (const { 0: word, index } of text.matchAll(WORD)) {
        if (bits(word) === 0) continue
        const start = Math.max(end, whole.containing(index)!.index)
        const last = whole.containing(index + word.length - 1)!
        const stop = last.index + last.segment.length
        if (start > end) pieces.push({ text: text.slice(end, start), matched: false })
        if (start === end && pieces.length > 0) pieces.at(-1)!.text += text.slice(start, stop)
        else pieces.push({ text: text.slice(start, stop), matched: true })
        end = stop
      }
      if (end < text.length) pieces.push({ text: text.slice(end), matched: false })
      return pieces
    },

    /** Whether the texts hold all of the words together. */
    holdAll(texts: string[]): boolean {
      const found = texts.reduce(
        (sum, text) => (text.match(WORD) ?? []).reduce((all, word) => all | bits(word), sum),
        0,
      )
      return found === (1 << words.length) - 1
    },

    /** Some words of cleaned HTML around the first that was looked for; undefined where it holds none. */
    snippet(html: string): string | undefined {
      const text = textOf(html.slice(0, READ))
      const all = [...text.matchAll(WORD)]
      const at = all.findIndex(([word]) => bits(word) !== 0)
      if (at < 0) return undefined
      const first = all[Math.max(0, at - BEFORE)]!
      const last = all[Math.min(all.length - 1, at + AFTER)]!
      const end = last.index + last[0].length
      const cut = text.slice(at > BEFORE ? first.index : 0, at + AFTER < all.length - 1 ? end : text.length)
      return `${at > BEFORE ? '… ' : ''}${cut.trim()}${at + AFTER < all.length - 1 ? '…' : ''}`
    },
  }
}

function same(form: string, wanted: string): boolean {
  return form.startsWith(wanted) || (UNSPACED.test(form) && wanted.includes(form))
}

const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"' }

/** Cleaned HTML writes `<` for nothing but its tags, and four entities: much faster than reading it as HTML. */
function textOf(html: string): string {
  return html
    .replace(/<[^>]*(?:>|$)/g, ' ')
    .replace(/&(amp|lt|gt|quot);/g, (_, name: string) => ENTITIES[name]!)
    .replace(/\s+/g, ' ')
}

import { html } from 'hono/html'
import { openFinder, type Piece } from '../../marks.ts'
import { fold, searchWords } from '../../text.ts'
import type { Html } from '../pages.ts'
import { typedIn } from './articles-states.ts'
import type { Visit } from './routes.ts'

/** What the room's filters look at in a row that no index knows: a draft, an item that waits. */
export type Looked = { title: string; section: string; language: string; source: number; authors: string[] }

/** The filters of the address over such rows: which pass, and a title with what was looked for marked. */
export function openSieve(visit: Visit): { passes(row: Looked): boolean; title(title: string): Html | string } {
  const words = searchWords(typedIn(visit, 'q'))
  const finder = words.length > 0 ? openFinder(words) : undefined
  const [section, language, source, author] = ['section', 'language', 'source', 'author'].map((name) =>
    typedIn(visit, name),
  )
  const by = author ? openFinder(searchWords(author)) : undefined
  return {
    passes: (row) =>
      (!finder || finder.holdAll([row.title])) &&
      (!section || (fold(row.section) || row.section) === section) &&
      (!language || row.language === language) &&
      (!source || String(row.source) === source) &&
      (!by || row.authors.some((name) => by.holdAll([name]))),
    title: (title) => (finder ? marked(finder.pieces(title)) : title),
  }
}

/** Words with what was looked for marked. */
export function marked(pieces: Piece[]): Html {
  return html`${pieces.map(({ text, matched }) => (matched ? html`<mark>${text}</mark>` : text))}`
}

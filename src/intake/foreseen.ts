import { type Instant, instant } from '../../db/instant.ts'
import type { App } from '../app.ts'
import type { Item } from '../reading/index.ts'
import * as site from '../site.ts'
import type { Source } from '../sources/source.ts'
import { excerpt, plain } from '../text.ts'
import { draftOf } from './draft.ts'

/** An item as the article that it would become; without a date that is believed, the moment it is first seen is its date. */
export type Foreseen = {
  title: string
  excerpt: string
  language: string
  section?: string
  url?: string
  published_at?: Instant
}

const BEGINNING = 20_000 // letters of HTML in which an excerpt begins

/** What these items of a source would be here. Nothing is stored. */
export async function foreseen(app: App, source: Source, items: Item[]): Promise<Foreseen[]> {
  const paper = await site.show(app, app.read)
  return items.map((item) => {
    const { title, summary, body_html, language, section, url, published_at } = draftOf(
      source,
      item,
      paper,
      instant(app.now()),
    )
    return {
      title,
      excerpt: summary || excerpt(plain(body_html.slice(0, BEGINNING)), language),
      language,
      ...(section && { section }),
      ...(url && { url }),
      ...(published_at !== undefined && { published_at }),
    }
  })
}

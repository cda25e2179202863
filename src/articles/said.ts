import type { Draft } from './draft.ts'
import { fingerprint } from './draft.ts'
import type { Article } from './story.ts'

/** All that an article says: what an editor may change of it, and what is kept of it when it changes. */
export type Said = Omit<Draft, 'source_id' | 'guid' | 'updated_at'>

type Names = { tags: string[]; authors: string[] }

/** What an article says, with its names. */
export function saidBy(article: Article, { tags, authors }: Names): Said {
  const { title, body_html, language, published_at, summary, section, credit, url } = article
  const image = imageOf(article)
  return {
    ...{ title, body_html, language, published_at, tags, authors },
    ...(summary !== null && { summary }),
    ...(section !== null && { section }),
    ...(credit !== null && { credit }),
    ...(url !== null && { url }),
    ...(image && { image }),
  }
}

/** Whether two say the same, in every letter. */
export function same(one: Said, other: Said): boolean {
  return stamp(one) === stamp(other)
}

function stamp({ image, ...said }: Said): string {
  const picture = Object.entries(image ?? {}).sort(([a], [b]) => (a < b ? -1 : 1))
  return fingerprint({ guid: JSON.stringify(picture), ...said })
}

function imageOf(article: Article): Draft['image'] {
  const { image_id, image_url, image_alt, image_caption, image_credit } = article
  if (image_id === null && image_url === null) return undefined
  return {
    ...(image_url !== null && { url: image_url }),
    ...(image_id !== null && { id: image_id }),
    ...(image_alt !== null && { alt: image_alt }),
    ...(image_caption !== null && { caption: image_caption }),
    ...(image_credit !== null && { credit: image_credit }),
  }
}

import { type Instant, instant } from '../../db/instant.ts'
import type { Db } from '../../db/schema.ts'
import type { App } from '../app.ts'
import * as articles from '../articles/index.ts'
import { letterhead } from '../letterhead.ts'
import * as letters from '../letters/index.ts'
import * as links from '../links.ts'
import * as media from '../media.ts'
import type { Digest } from './promise.ts'
import type { Candidate } from './stories.ts'

/** How an article stands in a letter: in full, as a bare headline, or only on the edition's page. */
export type Form = 'full' | 'headline' | 'more'

/** A part before it is stored. */
export type Rendered = letters.Rendered & { stories: number; articles: { article_id: number; form: Form }[] }

const HEADLINES = 30 // bare headlines after the full stories; what exceeds them stands on the edition's page
const LETTER_PICTURE = 1200 // twice the letter's width, for sharp screens

/**
 * The first `max` stories in full, the rest as bare headlines, then "all N stories": those that the newsroom placed, in its order,
 * then newest first, whenever they entered.
 */
export function arrange(
  stories: Candidate[],
  max: number,
  first: readonly number[],
): { article_id: number; form: Form }[] {
  const places = new Map(first.map((id, place) => [id, place]))
  const place = ({ article_id }: Candidate) => places.get(article_id) ?? first.length
  const ordered = stories.toSorted((a, b) => place(a) - place(b) || b.published_at - a.published_at || b.seq - a.seq)
  return ordered.map(({ article_id }, index) => ({
    article_id,
    form: index < max ? 'full' : index < max + HEADLINES ? 'headline' : 'more',
  }))
}

/**
 * What a letter is made of; `first` are the articles that the newsroom placed, `edition` names the one whose page it links to,
 * where the day alone does not.
 */
type Letter = {
  digest: Digest
  day: string
  language: string
  format: string
  stories: Candidate[]
  first: readonly number[]
  edition?: string
}

/** Renders the letter of these stories. */
export async function part(
  app: App,
  db: Db,
  { digest, day, language, format, stories, first, edition }: Letter,
): Promise<Rendered> {
  const arranged = arrange(stories, digest.max, first)
  const named = await articles.byIds(
    db,
    arranged.filter(({ form }) => form !== 'more').map(({ article_id }) => article_id),
  )
  const form = new Map(arranged.map((row) => [row.article_id, row.form]))
  const isFull = (id: number) => format !== 'headlines' && form.get(id) === 'full'
  const list = await db.selectFrom('list').selectAll().where('id', '=', digest.list_id).executeTakeFirstOrThrow()
  const rendered = letters.renderEdition({
    paper: await letterhead(app, db),
    digest: { title: digest.title },
    list: { title: list.title },
    language,
    day: Temporal.PlainDate.from(day),
    stories: named.filter(({ id }) => isFull(id)).map((story) => letterStory(app, story)),
    headlines: named.filter(({ id }) => !isFull(id)).map((story) => letterStory(app, story)),
    more: arranged.filter((row) => row.form === 'more').length,
    total: arranged.length,
    webUrl: links.edition(app.config.url, digest.slug, day, edition),
    reason: 'list',
    publicUrl: app.config.url,
    ...(format === 'headlines' && { bare: true }),
  })
  return { ...rendered, ...(format === 'text' && { html: '' }), stories: arranged.length, articles: arranged }
}

function letterStory(app: App, story: articles.Story): letters.LetterStory {
  const picture = story.picture && media.nearest(story.picture, LETTER_PICTURE)
  const { title, excerpt, language, section, published_at } = story
  return {
    title,
    excerpt,
    language,
    section,
    published_at,
    url: links.short(app.config.url, story),
    ...(picture && {
      picture: {
        url: links.media(app.config.url, picture),
        width: picture.width,
        height: picture.height,
        alt: story.image_alt ?? '',
      },
    }),
  }
}

/** The moment that eligibility is judged at: what was asked for, else now. */
export function judgedAt(app: App, at: Temporal.Instant | undefined): Instant {
  return instant(at ?? app.now())
}

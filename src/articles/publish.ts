import { randomUUID } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import type { Insertable } from 'kysely'
import { type Instant, instant } from '../../db/instant.ts'
import type { ArticleTable, Db } from '../../db/schema.ts'
import { enter } from '../../db/search.ts'
import type { Actor, App } from '../app.ts'
import * as changes from '../changes.ts'
import * as channels from '../channels.ts'
import { publicId } from '../ids.ts'
import { excerpt, fold, plain } from '../text.ts'
import { keepAddresses } from './addresses.ts'
import * as bodyPictures from './body-pictures.ts'
import * as downloads from './downloads.ts'
import { type Draft, fingerprint } from './draft.ts'
import { label, namesOf, relabel } from './labels.ts'
import * as revisions from './revisions.ts'
import { linkKey, titleKey } from './sameness.ts'
import type { Article } from './story.ts'

export type Published = { added: number; revised: number; unchanged: number }

/** What publishing does with drafts beyond what they say. */
export type Manner = {
  /** They come with a source's first reading: the archive, no news for digests. */
  archive?: boolean
  /** They are the newsroom's own, wherever they come from: an absolute guid becomes the id in feeds, byte for byte. */
  own?: boolean
  /** Their pictures are shown from where they lie. */
  leavePictures?: boolean
}

const BATCH = 500

/**
 * Publishes drafts; one whose guid its source has already carried revises that article in place, and a withdrawn one stays
 * withdrawn. Each batch of 500 is one transaction with its trail and with the channels' versions.
 */
export async function publish(app: App, actor: Actor, drafts: Draft[]): Promise<Published> {
  const sum: Published = { added: 0, revised: 0, unchanged: 0 }
  for (let start = 0; start < drafts.length; start += BATCH) {
    const batch = lastOfEach(drafts.slice(start, start + BATCH))
    const at = instant(app.now())
    const done = await app.db.transaction().execute((db) => publishIn(db, actor, batch, at))
    sum.added += done.added
    sum.revised += done.revised
    sum.unchanged += done.unchanged
  }
  return sum
}

/** One draft per guid, the last one standing: PostgreSQL will not touch a row twice in one statement. */
function lastOfEach(drafts: Draft[]): Draft[] {
  return [...new Map(drafts.map((draft) => [`${draft.source_id ?? 0} ${draft.guid}`, draft])).values()]
}

/**
 * The same in the caller's transaction, for at most 500 drafts, of each (source, guid) one; `ids` names the article of each,
 * in the order of the drafts.
 */
export async function publishIn(
  db: Db,
  actor: Actor,
  drafts: Draft[],
  at: Instant,
  manner: Manner = {},
): Promise<Published & { ids: number[] }> {
  const known = await existing(db, drafts)
  const before = await namesOf(
    db,
    [...known.values()].map((article) => article.id),
  )
  const fresh = drafts.filter((draft) => !known.has(keyOf(draft)))
  const changed = drafts.filter((draft) => {
    const article = known.get(keyOf(draft))
    return article && article.withdrawn_at === null && article.fingerprint !== fingerprint(draft)
  })
  const idOf = (draft: Draft) => known.get(keyOf(draft))!.id
  const revised = changed.sort((a, b) => idOf(a) - idOf(b)) // the order in which all lock articles
  const wanted = [...fresh, ...revised].filter((draft) => pictureOf(draft, known.get(keyOf(draft))) === null)
  const kept = await bodyPictures.known(db, [...fresh, ...revised])
  if (!manner.leavePictures) {
    const leads = wanted.flatMap((draft) => draft.image?.url ?? [])
    await downloads.ask(db, [...leads, ...bodyPictures.wanted([...fresh, ...revised], kept)], at)
  }
  const trail: changes.Entry[] = []
  const touched: channels.Facets[] = []
  const inserted = await insert(db, fresh, at, manner)
  await label(
    db,
    inserted.map(([draft, id]) => [id, draft]),
  )
  for (const [draft, , public_id] of inserted) {
    touched.push(facets(draft))
    trail.push({
      verb: 'article.publish',
      subject: `article:${public_id}`,
      after: { title: draft.title, ...from(draft) },
    })
  }
  await revisions.keep(
    db,
    actor,
    revised.map((draft) => ({ article: known.get(keyOf(draft))!, names: before.get(idOf(draft))! })),
    at,
  )
  for (const draft of revised) {
    const article = known.get(keyOf(draft))!
    await revise(db, article, draft, at)
    await relabel(db, article.id, draft)
    touched.push(facets(draft), asFacets(article, before.get(article.id)))
    trail.push({
      verb: 'article.revise',
      subject: `article:${article.public_id}`,
      before: { title: article.title },
      after: { title: draft.title, ...from(draft) },
    })
  }
  const bodies = [
    ...inserted.map(([{ body_html }, id]) => ({ id, body_html })),
    ...revised.map((draft) => ({ id: known.get(keyOf(draft))!.id, body_html: draft.body_html })),
  ]
  if (!manner.leavePictures) await bodyPictures.note(db, bodies, kept)
  else
    await bodyPictures.forget(
      db,
      revised.map((draft) => known.get(keyOf(draft))!.id),
    )
  await keepAddresses(db, [
    ...inserted.map(([{ guid, url }, id]) => ({ id, guid, url: url ?? null })),
    ...revised.map((draft) => ({ id: known.get(keyOf(draft))!.id, guid: draft.guid, url: draft.url ?? null })),
  ])
  await channels.touch(db, touched, at)
  await changes.record(db, actor, at, trail)
  const added = trail.length - revised.length
  const made = new Map(inserted.map(([draft, id]) => [keyOf(draft), id]))
  for (const [key, { id }] of known) made.set(key, id)
  const others = drafts.filter((draft) => !made.has(keyOf(draft))) // another process was faster
  if (others.length > 0) for (const [key, { id }] of await existing(db, others)) made.set(key, id)
  return {
    added,
    revised: revised.length,
    unchanged: drafts.length - added - revised.length,
    ids: drafts.map((draft) => made.get(keyOf(draft))!),
  }
}

/** Which source it came from, for the trail. */
function from({ source_id }: Draft): { source?: number } {
  return source_id ? { source: source_id } : {}
}

async function existing(db: Db, drafts: Draft[]): Promise<Map<string, Article>> {
  const rows = await db
    .selectFrom('article')
    .selectAll()
    .where('source_id', 'in', [...new Set(drafts.map((draft) => draft.source_id ?? 0))])
    .where(
      'guid',
      'in',
      drafts.map((draft) => draft.guid),
    )
    .execute()
  return new Map(rows.map((article) => [`${article.source_id} ${article.guid}`, article]))
}

function keyOf(draft: Draft): string {
  return `${draft.source_id ?? 0} ${draft.guid}`
}

async function insert(db: Db, drafts: Draft[], at: Instant, manner: Manner): Promise<[Draft, number, string][]> {
  if (drafts.length === 0) return []
  const taken = await takenIds(db, drafts)
  const folded = new Map<string, string>()
  const rows: Insertable<ArticleTable>[] = []
  for (const draft of drafts) {
    const published_at = draft.published_at ?? at
    const text = plain(draft.body_html)
    await breathe(draft)
    folded.set(keyOf(draft), foldedText(draft, text))
    rows.push({
      ...contentOf(draft, text),
      public_id: publicId(),
      source_id: draft.source_id ?? 0,
      guid: draft.guid,
      entry_id: entryId(draft, taken, manner),
      published_at,
      updated_at: Math.max(draft.updated_at ?? published_at, published_at) as Instant,
      created_at: at,
      revised_at: null,
      withdrawn_at: null,
      withdrawn_reason: null,
      archived_at: manner.archive ? at : null,
    })
    await breathe(draft)
  }
  const stored = await db
    .insertInto('article')
    .values(rows)
    .onConflict((conflict) => conflict.columns(['source_id', 'guid']).doNothing()) // another process was faster: unchanged here
    .returning(['id', 'public_id', 'source_id', 'guid', 'published_at'])
    .execute()
  for (const draft of drafts) await breathe(draft)
  const key = (row: { source_id: number; guid: string }) => `${row.source_id} ${row.guid}`
  await enter(
    db,
    stored.map((row) => ({ ...row, folded: folded.get(key(row))! })),
  )
  const byKey = new Map(drafts.map((draft) => [keyOf(draft), draft]))
  return stored.map((row) => [byKey.get(key(row))!, row.id, row.public_id])
}

async function revise(db: Db, article: Article, draft: Draft, at: Instant): Promise<void> {
  const text = plain(draft.body_html)
  await breathe(draft)
  const content = contentOf(draft, text)
  const published_at = draft.published_at ?? article.published_at
  const significant = content.title !== article.title || content.body_html !== article.body_html
  const updated = draft.updated_at ?? (significant ? at : article.updated_at)
  await db
    .updateTable('article')
    .set({
      ...content,
      image_id: pictureOf(draft, article),
      published_at,
      updated_at: Math.max(updated, published_at) as Instant,
      revised_at: at,
    })
    .where('id', '=', article.id)
    .execute()
  await breathe(draft)
  await enter(db, [{ id: article.id, published_at, folded: foldedText(draft, text) }])
}

const HEAVY = 20_000 // letters of HTML: some ten milliseconds of reading them

/** Between the parts of the work that a long text makes, others get their turn. */
async function breathe({ body_html }: Draft): Promise<void> {
  if (body_html.length > HEAVY) await setImmediate()
}

/** The picture we keep of what a draft shows: its own, or the one fetched for this article before. */
function pictureOf({ image }: Draft, article: Article | undefined): number | null {
  const same = image?.url !== undefined && image.url === article?.image_url
  return image?.id ?? (same ? article.image_id : null)
}

/** All that search looks at; `text` is the body's. */
export function foldedText(
  draft: { title: string; summary?: string | null; tags?: string[]; authors?: string[] },
  text: string,
): string {
  return fold([draft.title, draft.summary ?? '', text, ...(draft.tags ?? []), ...(draft.authors ?? [])].join('\n'))
}

/** What a draft says, as columns: everything that a revision may change; `text` is its body's. */
function contentOf(draft: Draft, text: string) {
  return {
    url: draft.url ?? null,
    title: draft.title,
    body_html: draft.body_html,
    summary: draft.summary ?? null,
    excerpt: draft.summary ?? excerpt(text, draft.language),
    language: draft.language,
    section: draft.section ?? null,
    section_key: draft.section ? fold(draft.section) : null,
    credit: draft.credit ?? null,
    image_id: draft.image?.id ?? null,
    image_url: draft.image?.url ?? null,
    image_alt: draft.image?.alt ?? null,
    image_caption: draft.image?.caption ?? null,
    image_credit: draft.image?.credit ?? null,
    link_key: linkKey(draft.url) ?? null,
    title_key: titleKey(draft.title) ?? null,
    fingerprint: fingerprint(draft),
  } satisfies Partial<Insertable<ArticleTable>>
}

/**
 * The id that all three feed formats carry for ever. An article of the newsroom's own old site keeps its absolute guid byte
 * for byte, else every reader would see the archive as new; so do `tag:` (RFC 4151) and `urn:` names.
 */
function entryId(draft: Draft, taken: Set<string>, manner: Manner): string {
  const own =
    (manner.own || (draft.source_id ?? 0) === 0) &&
    /^(https?:\/\/|tag:|urn:[a-z0-9][a-z0-9-]{0,31}:)[^\s<>"{}|\\^`]+$/i.test(draft.guid)
  return own && !taken.has(draft.guid) ? draft.guid : `urn:uuid:${randomUUID()}`
}

/** The guids that are already the feed id of another article, as when our own feed is imported. */
async function takenIds(db: Db, drafts: Draft[]): Promise<Set<string>> {
  const guids = drafts.map((draft) => draft.guid)
  const rows = await db.selectFrom('article').select('entry_id').where('entry_id', 'in', guids).execute()
  return new Set(rows.map((row) => row.entry_id))
}

function facets(draft: Draft): channels.Facets {
  return {
    section_key: draft.section ? fold(draft.section) : null,
    tags: (draft.tags ?? []).map(fold),
    authors: (draft.authors ?? []).map(fold),
    language: draft.language,
    source_id: draft.source_id ?? 0,
  }
}

/** A stored article as the channels' filters see it. */
export function asFacets(article: Article, names: { tags: string[]; authors: string[] } | undefined): channels.Facets {
  const { section_key, language, source_id } = article
  return {
    section_key,
    language,
    source_id,
    tags: (names?.tags ?? []).map(fold),
    authors: (names?.authors ?? []).map(fold),
  }
}

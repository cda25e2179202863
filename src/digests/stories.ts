import { createHash } from 'node:crypto'
import { type Instant, later } from '../../db/instant.ts'
import type { Db } from '../../db/schema.ts'
import * as channels from '../channels.ts'
import { storyKey } from '../editions.ts'
import { fold } from '../text.ts'
import type { Digest } from './promise.ts'

/** A story of a digest: its place in the order in which it entered, and its article. */
export type Candidate = { seq: number; article_id: number; published_at: Instant; section_key: string | null }

/** The articles that are left out of an edition. */
type Out = { has(articleId: number): boolean }

/** What a digest has to tell at a moment, by seq: what entered before, and `fresh`, what enters with the next edition after `last`. */
export type Stock = { all: Candidate[]; fresh: Candidate[]; last: number }

/**
 * How far back a reader's letters reach: the digest's maximum age is meant for a letter a day. Who gets one a week gets seven
 * times as much, so that what a single letter missed is in the next.
 */
export function age(digest: Digest, spacing: number): number {
  return digest.max_age * spacing
}

/**
 * Looks at what may be told, nothing older than `oldest`. Nothing enters yet: a story that only was looked at on a skipped day must not be passed over
 * when it is dated anew.
 *
 * What is fresh is a difference of ids, not a window of dates: a story that is back-dated, embargoed or late enters when it
 * can. What the newsroom leaves out of this edition does not enter, so that a later one may have it; what had entered before is
 * passed over with it.
 */
export async function stock(
  db: Db,
  digest: Digest,
  { at, oldest, out }: { at: Instant; oldest: Instant; out: Out },
): Promise<Stock> {
  const last = await lastSeq(db, digest)
  const fresh = await notEntered(db, digest, { at, oldest, last, out })
  const entered = (await tellable(db, digest, at, oldest)).filter(({ article_id }) => !out.has(article_id))
  return { all: [...entered, ...fresh], fresh, last }
}

/** Lets the fresh ones enter, oldest first, in the caller's transaction and under its lock; false if others have entered since they were looked at. */
export async function enter(db: Db, digest: Digest, { fresh, last }: Stock): Promise<boolean> {
  if ((await lastSeq(db, digest)) !== last) return false
  for (let start = 0; start < fresh.length; start += 1000) {
    const rows = fresh
      .slice(start, start + 1000)
      .map(({ seq, article_id }) => ({ digest_id: digest.id, seq, article_id, excluded_at: null }))
    await db.insertInto('story').values(rows).execute()
  }
  return true
}

/** What may be told at a moment: entered, not excluded, not withdrawn, its hour come and not past the maximum age; by seq. */
async function tellable(db: Db, digest: Digest, at: Instant, oldest: Instant): Promise<Candidate[]> {
  return db
    .selectFrom('story')
    .innerJoin('article', 'article.id', 'story.article_id')
    .select(['story.seq', 'story.article_id', 'article.published_at', 'article.section_key'])
    .where('story.digest_id', '=', digest.id)
    .where('story.excluded_at', 'is', null)
    .where('article.withdrawn_at', 'is', null)
    .where('article.published_at', '<=', at)
    .where('article.published_at', '>=', oldest)
    .orderBy('story.seq')
    .execute()
}

/** What would enter now, with the places it would get. */
async function notEntered(
  db: Db,
  digest: Digest,
  { at, oldest, last, out }: { at: Instant; oldest: Instant; last: number; out: Out },
): Promise<Candidate[]> {
  const channel = await db
    .selectFrom('channel')
    .selectAll()
    .where('id', '=', digest.channel_id)
    .executeTakeFirstOrThrow()
  const rows = await db
    .selectFrom('article')
    .select(['article.id', 'article.guid', 'article.published_at', 'article.section_key'])
    .where('article.withdrawn_at', 'is', null)
    .where('article.archived_at', 'is', null)
    .where('article.published_at', '<=', at)
    .where('article.published_at', '>=', oldest)
    .where(channels.passing(channels.filterOf(channel)))
    .$if(digest.told_until !== null, (query) => query.where('article.published_at', '>', digest.told_until!))
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('story')
            .select('story.seq')
            .where('story.digest_id', '=', digest.id)
            .whereRef('story.article_id', '=', 'article.id'),
        ),
      ),
    )
    .orderBy('article.published_at')
    .orderBy('article.id')
    .execute()
  const told = await toldElsewhere(db, digest)
  const fresh = rows.filter(({ id, guid }) => !out.has(id) && (told.size === 0 || !told.has(storyKey(guid))))
  return fresh.map(({ id, published_at, section_key }, index) => ({
    ...{ seq: last + 1 + index, article_id: id },
    ...{ published_at, section_key },
  }))
}

async function toldElsewhere(db: Db, digest: Digest): Promise<Set<string>> {
  const rows = await db.selectFrom('told_story').select('key').where('digest_id', '=', digest.id).execute()
  return new Set(rows.map(({ key }) => key))
}

/** These stories (editions.storyKey) count as told to every reader, whether they are here or still to come. */
export async function countAsTold(db: Db, digestId: number, keys: string[], now: Instant): Promise<void> {
  const told = new Set(keys)
  const rows = [...told].map((key) => ({ digest_id: digestId, key }))
  for (let start = 0; start < rows.length; start += 1000)
    await db
      .insertInto('told_story')
      .values(rows.slice(start, start + 1000))
      .onConflict((conflict) => conflict.doNothing())
      .execute()
  const entered = await db
    .selectFrom('story')
    .innerJoin('article', 'article.id', 'story.article_id')
    .select(['article_id', 'guid'])
    .where('story.digest_id', '=', digestId)
    .where('excluded_at', 'is', null)
    .execute()
  for (const { article_id } of entered.filter(({ guid }) => told.has(storyKey(guid))))
    await db
      .updateTable('story')
      .set({ excluded_at: now })
      .where('digest_id', '=', digestId)
      .where('article_id', '=', article_id)
      .execute()
}

/** What was published until then, and whatever has entered, counts as told to every reader. */
export async function countAllAsTold(db: Db, digestId: number, until: Instant, now: Instant): Promise<void> {
  await db
    .updateTable('digest')
    .set({ told_until: until })
    .where('id', '=', digestId)
    .where(({ eb, or }) => or([eb('told_until', 'is', null), eb('told_until', '<', until)]))
    .execute()
  await db
    .updateTable('story')
    .set({ excluded_at: now })
    .where('digest_id', '=', digestId)
    .where('excluded_at', 'is', null)
    .execute()
}

async function lastSeq(db: Db, digest: Digest): Promise<number> {
  const row = await db
    .selectFrom('story')
    .select(({ fn }) => fn.max('seq').as('seq'))
    .where('digest_id', '=', digest.id)
    .executeTakeFirst()
  return row?.seq ?? 0
}

/** What has not been told to a reader, of the sections that this reader wants, no older than the reader's letters reach. */
export function untold(
  candidates: Candidate[],
  { told, spacing, sections }: { told: number | null; spacing: number; sections: string },
  digest: Digest,
  at: Instant,
): Candidate[] {
  const wanted = sectionKeys(sections)
  const oldest = later(at, -age(digest, spacing))
  return candidates.filter(
    ({ seq, published_at, section_key }) =>
      seq > (told ?? 0) &&
      published_at >= oldest &&
      (wanted === undefined || (section_key !== null && wanted.has(section_key))),
  )
}

/** The keys of the sections that a reader wants; undefined for all of them, as also for what nobody can read. */
function sectionKeys(sections: string): Set<string> | undefined {
  if (sections === '') return undefined
  try {
    const names: unknown = JSON.parse(sections)
    return Array.isArray(names) && names.length > 0 ? new Set(names.map((name) => fold(String(name)))) : undefined
  } catch {
    return undefined
  }
}

/** The place before the first of some stories. */
export function fromSeq(stories: Candidate[]): number {
  return stories[0]!.seq - 1
}

/** One word for a choice of stories: readers for whom it is the same share a letter. */
export function choice(stories: Candidate[]): string {
  const seqs = stories.map(({ seq }) => seq).join(' ')
  return createHash('sha256').update(seqs).digest('hex').slice(0, 16)
}

/** The stories that the parts of an edition are made of, and what else could be told with it; by seq. */
export async function ofEdition(
  db: Db,
  digest: Digest,
  edition: { to_seq: number; left_out: string | null },
  { at, oldest, partIds }: { at: Instant; oldest: Instant; partIds: number[] },
): Promise<Candidate[]> {
  const chosen = await db
    .selectFrom('part_article')
    .innerJoin('story', (join) =>
      join.onRef('story.article_id', '=', 'part_article.article_id').on('story.digest_id', '=', digest.id),
    )
    .innerJoin('article', 'article.id', 'part_article.article_id')
    .select(['story.seq', 'story.article_id', 'article.published_at', 'article.section_key'])
    .distinct()
    .where('part_article.part_id', 'in', partIds)
    .execute()
  const out = new Set(edition.left_out === null ? [] : (JSON.parse(edition.left_out) as number[]))
  const others = (await tellable(db, digest, at, oldest)).filter(
    ({ seq, article_id }) => seq <= edition.to_seq && !out.has(article_id),
  )
  const bySeq = new Map([...others, ...chosen].map((story) => [story.seq, story]))
  return [...bySeq.values()].sort((a, b) => a.seq - b.seq)
}

/** Lets one at a time compose a digest or choose for it: an update takes the row's lock on both databases. */
export async function lock(db: Db, digest: Digest): Promise<void> {
  await db.updateTable('digest').set({ slug: digest.slug }).where('id', '=', digest.id).execute()
}

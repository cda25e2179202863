import { type Instant, later } from '../../db/instant.ts'
import type { Db } from '../../db/schema.ts'
import * as channels from '../channels.ts'
import { storyKey } from '../editions.ts'
import type { Digest } from './promise.ts'

/** A story of a digest: its place in the order in which it entered, and its article. */
export type Candidate = { seq: number; article_id: number; published_at: Instant }

/** What a digest has to tell at a moment, by seq: what entered before, and `fresh`, what enters with the next edition after `last`. */
export type Stock = { all: Candidate[]; fresh: Candidate[]; last: number }

/**
 * Looks at what may be told. Nothing enters yet: a story that only was looked at on a skipped day must not be passed over
 * when it is dated anew.
 *
 * What is fresh is a difference of ids, not a window of dates: a story that is back-dated, embargoed or late enters when it
 * can.
 */
export async function stock(db: Db, digest: Digest, at: Instant): Promise<Stock> {
  const last = await lastSeq(db, digest)
  const fresh = await notEntered(db, digest, at, last)
  return { all: [...(await tellable(db, digest, at)), ...fresh], fresh, last }
}

/** Lets the fresh ones enter, oldest first, in the caller's transaction; false if others have entered since they were looked at. */
export async function enter(db: Db, digest: Digest, { fresh, last }: Stock): Promise<boolean> {
  await lock(db, digest)
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
async function tellable(db: Db, digest: Digest, at: Instant): Promise<Candidate[]> {
  return db
    .selectFrom('story')
    .innerJoin('article', 'article.id', 'story.article_id')
    .select(['story.seq', 'story.article_id', 'article.published_at'])
    .where('story.digest_id', '=', digest.id)
    .where('story.excluded_at', 'is', null)
    .where('article.withdrawn_at', 'is', null)
    .where('article.published_at', '<=', at)
    .where('article.published_at', '>=', later(at, -digest.max_age))
    .orderBy('story.seq')
    .execute()
}

/** What would enter now, with the places it would get. */
async function notEntered(db: Db, digest: Digest, at: Instant, last: number): Promise<Candidate[]> {
  const channel = await db
    .selectFrom('channel')
    .selectAll()
    .where('id', '=', digest.channel_id)
    .executeTakeFirstOrThrow()
  const rows = await db
    .selectFrom('article')
    .select(['article.id', 'article.guid', 'article.published_at'])
    .where('article.withdrawn_at', 'is', null)
    .where('article.archived_at', 'is', null)
    .where('article.published_at', '<=', at)
    .where('article.published_at', '>=', later(at, -digest.max_age))
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
  const fresh = rows.filter(({ guid }) => told.size === 0 || !told.has(storyKey(guid)))
  return fresh.map((row, index) => ({ seq: last + 1 + index, article_id: row.id, published_at: row.published_at }))
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

/** What a reader who was told up to `told` has not been told. */
export function untold(candidates: Candidate[], told: number): Candidate[] {
  return candidates.filter((candidate) => candidate.seq > told)
}

/** One name for all readers whose untold stories are the same: the place before the first of them. */
export function fromSeq(stories: Candidate[]): number {
  return stories[0]!.seq - 1
}

/** Lets one composer at a time work on a digest: an update takes the row's lock on both databases. */
async function lock(db: Db, digest: Digest): Promise<void> {
  await db.updateTable('digest').set({ slug: digest.slug }).where('id', '=', digest.id).execute()
}

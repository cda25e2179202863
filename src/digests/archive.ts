import { sql } from 'kysely'
import type { Instant } from '../../db/instant.ts'
import type { Db } from '../../db/schema.ts'
import * as editions from '../editions.ts'

/** One edition in a list: a digest's day, as its own hour had it. */
export type Dated = { day: string; subject: string; stories: number }

/** The months (`yyyy-mm`, newest first) in which a digest had editions, and how many days each. */
export type Archive = { digest: string; title: string; language: string; months: { month: string; days: number }[] }

/** Every digest that has had an edition, or the one of this slug. */
export async function archives(db: Db, slug?: string): Promise<Archive[]> {
  const rows = await published(db)
    .innerJoin('list', 'list.id', 'digest.list_id')
    .select(['digest.slug as digest', 'digest.title', 'list.language', month.as('month')])
    .select(({ fn, cast }) => cast<number>(fn.count('edition.day').distinct(), 'integer').as('days'))
    .$if(slug !== undefined, (query) => query.where('digest.slug', '=', slug!))
    .groupBy(['digest.id', 'digest.slug', 'digest.title', 'list.language', month])
    .orderBy('digest.id')
    .orderBy(month, 'desc')
    .execute()
  return [...Map.groupBy(rows, (row) => row.digest).values()].map((months) => {
    const { digest, title, language } = months[0]!
    return { digest, title, language, months: months.map(({ month, days }) => ({ month, days })) }
  })
}

/** The editions of a digest's month, newest first. */
export async function monthOf(db: Db, slug: string, month: string): Promise<Dated[]> {
  const rows = await published(db)
    .select(['edition.day', 'edition.subject', 'edition.stories'])
    .where('digest.slug', '=', slug)
    .where('edition.day', '>=', `${month}-01`)
    .where('edition.day', '<=', `${month}-31`)
    .orderBy('edition.day', 'desc')
    .execute()
  return rows.map((row) => ({ ...row, subject: row.subject ?? '' }))
}

/** The days of the editions before and after this one. */
export async function neighbours(db: Db, slug: string, day: string): Promise<{ before?: string; after?: string }> {
  const days = published(db).select('edition.day').where('digest.slug', '=', slug).limit(1)
  const before = await days.where('edition.day', '<', day).orderBy('edition.day', 'desc').executeTakeFirst()
  const after = await days.where('edition.day', '>', day).orderBy('edition.day').executeTakeFirst()
  return { ...(before && { before: before.day }), ...(after && { after: after.day }) }
}

/** The newest days of all digests, for a list of addresses. */
export async function editionDays(db: Db, limit: number): Promise<{ digest: string; day: string; at: Instant }[]> {
  return published(db)
    .select(['digest.slug as digest', 'edition.day'])
    .select(({ fn }) => fn.max('edition.composed_at').as('at'))
    .groupBy(['digest.slug', 'edition.day'])
    .orderBy('edition.day', 'desc')
    .limit(limit)
    .execute()
}

const month = sql<string>`substr(edition.day, 1, 7)`

function published(db: Db) {
  return db
    .selectFrom('edition')
    .innerJoin('digest', 'digest.id', 'edition.digest_id')
    .where('edition.state', 'not in', ['skipped', 'composing'])
    .where(editions.ofOwnSlot)
}

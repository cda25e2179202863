import { type Instant, instant } from '../../db/instant.ts'
import type { Db } from '../../db/schema.ts'
import { inTurn } from '../../db/turns.ts'
import type { Actor, App } from '../app.ts'
import * as articles from '../articles/index.ts'
import * as changes from '../changes.ts'
import * as digests from '../digests/index.ts'
import * as site from '../site.ts'
import type { Source } from '../sources/source.ts'
import { articlesOf } from './publishing.ts'
import type { Row, Waiting } from './rows.ts'
import * as rows from './rows.ts'

/** What was let go of under a guid at a moment: `released`, or refused. */
export type Let = { guid: string; at: Instant; released: boolean }

/** Whether all of these are still as that left them, and can wait again; in a transaction. */
export async function canHoldAgain(db: Db, source: Source, lets: Let[]): Promise<boolean> {
  await inTurn(db, 'intake')
  const found = await under(db, source, lets)
  const stories = await articlesOf(db, found)
  return (
    found.length === lets.length &&
    found.every((row) => {
      const { at } = lets.find(({ guid }) => guid === row.guid)!
      const article = row.state === 'published' ? stories.get(row.article_id ?? 0) : undefined
      const since = article && (article.withdrawn_at !== null || (article.revised_at ?? article.created_at) > at)
      return row.draft === null && row.let_go !== null && row.state !== 'withdrawn' && !since
    })
  )
}

/**
 * Has these wait for review again, in the caller's transaction: a story that was published by it is withdrawn, a change that
 * was is taken back. After it `digests.reviseHeld` is to be called.
 */
export async function holdAgain(app: App, db: Db, actor: Actor, source: Source, lets: Let[]): Promise<void> {
  const found = await under(db, source, lets)
  const stories = await articlesOf(db, found)
  for (const row of found) {
    const { at, released } = lets.find(({ guid }) => guid === row.guid)!
    const { was, ...waiting } = JSON.parse(row.let_go!) as LetGo
    const article = released && row.state === 'published' ? stories.get(row.article_id ?? 0) : undefined
    if (article && was === 'held') await digests.withdrawIn(app, db, actor, article.public_id, '')
    if (article && was !== 'held') await unchange(app, db, actor, article, at)
    const also = row.state === 'also' && { article_id: null }
    await rows.set(db, row, { draft: JSON.stringify(waiting), let_go: null, state: was, ...also })
  }
  if (found.some(({ state }) => state === 'also')) await site.touch(db)
  await changes.record(
    db,
    actor,
    instant(app.now()),
    found.map(({ guid }) => ({ verb: 'item.hold', subject: `source:${source.id}`, after: { guid } })),
  )
}

/** What waits and the state of its item, as they are kept to be taken back. */
export function letGo(row: Row): string {
  return JSON.stringify({ ...rows.waiting(row)!, was: row.state } satisfies LetGo)
}

type LetGo = Waiting & { was: string }

async function unchange(app: App, db: Db, actor: Actor, article: articles.Article, at: Instant): Promise<void> {
  const revision = await articles.revisionMadeAt(db, article.id, actor, at)
  if (revision) await articles.edit(db, actor, article.public_id, revision.said, { at: instant(app.now()) })
}

async function under(db: Db, source: Source, lets: Let[]): Promise<Row[]> {
  return db
    .selectFrom('source_item')
    .selectAll()
    .where('source_id', '=', source.id)
    .where(
      'guid',
      'in',
      lets.map(({ guid }) => guid),
    )
    .execute()
}

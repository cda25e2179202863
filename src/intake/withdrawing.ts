import { setImmediate } from 'node:timers/promises'
import { instant } from '../../db/instant.ts'
import type { Db } from '../../db/schema.ts'
import { inTurn } from '../../db/turns.ts'
import type { Actor, App } from '../app.ts'
import * as changes from '../changes.ts'
import * as digests from '../digests/index.ts'
import { say } from '../locale.ts'
import * as site from '../site.ts'
import type { Source } from '../sources/source.ts'
import { nameOf } from './draft.ts'
import { articlesOf } from './publishing.ts'
import * as rows from './rows.ts'

const LOOKED_UP = 100 // keys in one look at the database

/**
 * Withdraws the stories of these items, because their source took them back; what waits for review is let go. Editions that
 * carry one are held and go on without it. Answers how many stories were withdrawn.
 */
export async function withdrawKeys(app: App, actor: Actor, source: Source, keys: string[]): Promise<number> {
  let withdrawn = 0
  for (const some of rows.parts(keys, LOOKED_UP)) {
    for (const key of await standing(app.read, source, some)) {
      const did = await app.db.transaction().execute((db) => withdrawOne(app, db, actor, source, key))
      if (did) withdrawn++
      await setImmediate()
    }
  }
  if (withdrawn > 0) await digests.reviseHeld(app, actor)
  return withdrawn
}

/** Those of these items that can be taken back: a feed names its deleted entries for weeks. */
async function standing(db: Db, source: Source, keys: string[]): Promise<string[]> {
  const found = await db
    .selectFrom('source_item')
    .leftJoin('article', 'article.id', 'article_id')
    .select('key')
    .where('source_item.source_id', '=', source.id)
    .where('key', 'in', keys)
    .where('state', 'in', ['published', 'held', 'also'])
    .where(({ eb, or }) => or([eb('state', '!=', 'published'), eb('withdrawn_at', 'is', null)]))
    .execute()
  return found.map((row) => row.key)
}

/** Whether a story was withdrawn; one that an editor has withdrawn stays the editor's. */
async function withdrawOne(app: App, db: Db, actor: Actor, source: Source, key: string): Promise<boolean> {
  await inTurn(db, 'intake')
  const row = (await rows.rowsOf(db, source.id, [key])).get(key)
  const gone = { state: 'withdrawn', draft: null, missing_at: null }
  if (row?.state === 'held' || row?.state === 'also') {
    await rows.set(db, row, { ...gone, article_id: null })
    if (row.state === 'also') await site.touch(db) // its article's page names this source no more
    await changes.record(db, actor, instant(app.now()), [
      { verb: 'item.withdraw', subject: `source:${source.id}`, before: { guid: row.guid, state: row.state } },
    ])
    return false
  }
  if (row?.state !== 'published') return false
  const [article] = (await articlesOf(db, [row])).values()
  if (article!.withdrawn_at !== null) return false
  const reason = say(article!.language, 'article.taken-back', { source: nameOf(source) })
  await digests.withdrawIn(app, db, actor, article!.public_id, reason)
  await rows.set(db, row, gone)
  return true
}

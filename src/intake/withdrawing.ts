import { setImmediate } from 'node:timers/promises'
import type { Db } from '../../db/schema.ts'
import type { Actor, App } from '../app.ts'
import * as digests from '../digests/index.ts'
import { say } from '../locale.ts'
import * as site from '../site.ts'
import type { Source } from '../sources/source.ts'
import { nameOf } from './draft.ts'
import { articlesOf } from './publishing.ts'
import * as rows from './rows.ts'

const AT_ONCE = 10 // items in a transaction

/**
 * Withdraws the stories of these items, because their source took them back; what waits for review is let go. Editions that
 * carry one are held and go on without it. Answers how many stories were withdrawn.
 */
export async function withdrawKeys(app: App, actor: Actor, source: Source, keys: string[]): Promise<number> {
  let withdrawn = 0
  for (const some of rows.parts(keys, AT_ONCE)) {
    withdrawn += await app.db.transaction().execute((db) => withdrawSome(app, db, actor, source, some))
    await setImmediate()
  }
  if (withdrawn > 0) await digests.reviseHeld(app, actor)
  return withdrawn
}

async function withdrawSome(app: App, db: Db, actor: Actor, source: Source, keys: string[]): Promise<number> {
  const known = [...(await rows.rowsOf(db, source.id, keys)).values()]
  const stories = await articlesOf(db, known)
  let withdrawn = 0
  for (const row of known) {
    const article = row.state === 'published' ? stories.get(row.article_id!) : undefined
    if (article && article.withdrawn_at === null) {
      const reason = say(article.language, 'article.taken-back', { source: nameOf(source) })
      await digests.withdrawIn(app, db, actor, article.public_id, reason)
      await rows.set(db, row, { state: 'withdrawn', draft: null, missing_at: null })
      withdrawn++
    } else if (row.state === 'held' || row.state === 'also') {
      await rows.set(db, row, { state: 'withdrawn', article_id: null, draft: null, missing_at: null })
      await site.touch(db)
    }
  }
  return withdrawn
}

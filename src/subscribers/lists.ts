import type { Selectable } from 'kysely'
import { instant } from '../../db/instant.ts'
import type { Db, ListTable } from '../../db/schema.ts'
import { mailbox } from '../address.ts'
import type { Actor, App } from '../app.ts'
import { record } from '../changes.ts'
import { checkedSlug, checkedTitle } from '../channels.ts'
import { languageTag } from '../locale.ts'
import { Problem } from '../problem.ts'
import * as site from '../site.ts'
import { oneLine } from '../text.ts'

/** What one may join. */
export type List = Selectable<ListTable>

export type ListDraft = {
  slug: string
  title: string
  language?: string
  from?: string
  replyTo?: string
  public?: boolean
}

/** Makes a list; only a public one can be joined by anybody who asks. */
export async function addList(app: App, actor: Actor, draft: ListDraft): Promise<List> {
  const values = {
    slug: checkedSlug(draft.slug),
    title: checkedTitle(draft.title),
    language: draft.language ? languageTag(draft.language) : (await site.show(app, app.db)).language,
    sender: draft.from ? checkedMailbox(draft.from) : null,
    reply_to: draft.replyTo ? checkedMailbox(draft.replyTo) : null,
    visibility: draft.public ? 'public' : 'private',
    created_at: instant(app.now()),
  }
  return app.db.transaction().execute(async (db) => {
    const list = await db
      .insertInto('list')
      .values(values)
      .onConflict((conflict) => conflict.column('slug').doNothing())
      .returningAll()
      .executeTakeFirst()
    if (!list) throw new Problem('slug-taken', { value: values.slug })
    await site.touch(db) // pages say where one can sign up
    await record(db, actor, values.created_at, [{ verb: 'list.add', subject: `list:${list.slug}`, after: values }])
    return list
  })
}

export async function findList(db: Db, slug: string): Promise<List> {
  const named = /^[a-z0-9-]{1,60}$/.test(slug) // PostgreSQL takes no NUL, not even to look for it
  const list = named && (await db.selectFrom('list').selectAll().where('slug', '=', slug).executeTakeFirst())
  if (!list) throw new Problem('list-not-found', { value: oneLine(slug).slice(0, 60) })
  return list
}

/** The lists that anybody may join, in the order they were made. */
export async function publicLists(db: Db): Promise<List[]> {
  return db.selectFrom('list').selectAll().where('visibility', '=', 'public').orderBy('id').execute()
}

/** A public list; a private one is as unknown to strangers as none. */
export async function findPublicList(db: Db, slug: string): Promise<List> {
  const list = await findList(db, slug)
  if (list.visibility !== 'public') throw new Problem('list-not-found', { value: list.slug })
  return list
}

function checkedMailbox(text: string): string {
  const { name, address } = mailbox(text)
  return name ? `${name} <${address}>` : address
}

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

/** What `list set` may change; what is undefined stays, '' takes back a sender. `singleOptIn` is why, null asks for a confirmation again. */
export type ListChange = Partial<Omit<ListDraft, 'slug'>> & { singleOptIn?: string | null }

/** Changes a list; that its readers need not confirm is written down with the reason. */
export async function setList(app: App, actor: Actor, slug: string, change: ListChange): Promise<List> {
  const values = checkedChange(change)
  const at = instant(app.now())
  return app.db.transaction().execute(async (db) => {
    const before = await findList(db, slug)
    const keys = Object.keys(values) as (keyof typeof values)[]
    if (keys.length === 0) return before
    await db.updateTable('list').set(values).where('id', '=', before.id).execute()
    await site.touch(db)
    const old = Object.fromEntries(keys.map((key) => [key, before[key]]))
    await record(db, actor, at, [{ verb: 'list.set', subject: `list:${slug}`, before: old, after: values }])
    return { ...before, ...values }
  })
}

function checkedChange({ title, language, from, replyTo, singleOptIn, ...rest }: ListChange) {
  if (singleOptIn !== undefined && singleOptIn !== null && !oneLine(singleOptIn)) throw new Problem('reason-needed')
  const sender = (text: string) => (text === '' ? null : checkedMailbox(text))
  return {
    ...(title !== undefined && { title: checkedTitle(title) }),
    ...(language !== undefined && { language: languageTag(language) }),
    ...(from !== undefined && { sender: sender(from) }),
    ...(replyTo !== undefined && { reply_to: sender(replyTo) }),
    ...(rest.public !== undefined && { visibility: rest.public ? 'public' : 'private' }),
    ...(singleOptIn !== undefined && { single_opt_in: singleOptIn && oneLine(singleOptIn).slice(0, 500) }),
  }
}

/** Every list, in the order they were made. */
export async function allLists(db: Db): Promise<List[]> {
  return db.selectFrom('list').selectAll().orderBy('id').execute()
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

import type { Selectable } from 'kysely'
import { kindOf } from '../db/database.ts'
import { typedField } from '../db/drafts.ts'
import type { Instant } from '../db/instant.ts'
import type { ArticleDraftTable, Db } from '../db/schema.ts'
import { publicId } from './ids.ts'
import { Problem } from './problem.ts'
import { wellFormed } from './text.ts'

/** What somebody is writing, as it was typed: nothing of it is published, checked or cleaned. Owns article_draft. */
export type Writing = Omit<Selectable<ArticleDraftTable>, 'typed'> & { typed: Typed }

/** The form's fields. */
export type Typed = Record<string, string>

/** What is to be kept: `draft` and `version` name what it goes on from, `article` and `base` the article that it is about. */
export type Saving = {
  draft?: string | undefined
  version?: number | undefined
  article?: number | undefined
  base?: string | undefined
  account: number
  typed: Typed
  at: Instant
}

/** Where it was kept; `beside`: somebody had saved the draft since, so this one stands beside it, and neither is lost. */
export type Saved = { draft: string; version: number; beside: boolean }

/** Keeps what is being written. */
export async function save(db: Db, saving: Saving): Promise<Saved> {
  const { draft, version = 0, account, at } = saving
  const typed = Object.fromEntries(Object.entries(saving.typed).map(([name, text]) => [name, wellFormed(text)])) // as databases read it
  if (draft !== undefined) {
    const written = await db
      .updateTable('article_draft')
      .set({ typed: JSON.stringify(typed), version: version + 1, saved_at: at, account_id: account })
      .where('public_id', '=', draft)
      .where('version', '=', version)
      .returning('version')
      .executeTakeFirst()
    if (written) return { draft, version: written.version, beside: false }
  }
  const beside = draft !== undefined
  const fresh = await db
    .insertInto('article_draft')
    .values({
      public_id: publicId(),
      article_id: saving.article ?? null,
      account_id: account,
      base: saving.base ?? null,
      typed: JSON.stringify(typed),
      version: 1,
      created_at: at,
      saved_at: at,
    })
    .returning('public_id')
    .executeTakeFirstOrThrow()
  return { draft: fresh.public_id, version: 1, beside }
}

/** The draft of this id, or a Problem. */
export async function find(db: Db, id: string): Promise<Writing> {
  const row = await db.selectFrom('article_draft').selectAll().where('public_id', '=', id).executeTakeFirst()
  if (!row) throw new Problem('draft-not-found')
  return { ...row, typed: JSON.parse(row.typed) as Typed }
}

/** A draft as a table shows it: without its text, which may be long. */
export type Listed = Pick<Writing, 'id' | 'public_id' | 'saved_at'> & {
  author: string
  title: string
  section: string
  language: string
  /** Of the article that it is about; 0 for the desk's own, and for what is none yet. */
  source: number
}

/** The drafts, the last saved first; `before` continues a page. */
export async function list(
  db: Db,
  { before, limit }: { before?: Pick<Writing, 'saved_at' | 'id'> | undefined; limit: number },
): Promise<Listed[]> {
  const kind = kindOf(db)
  const rows = await db
    .selectFrom('article_draft')
    .innerJoin('account', 'account.id', 'account_id')
    .leftJoin('article', 'article.id', 'article_id')
    .select([
      'article_draft.id',
      'article_draft.public_id',
      'article_draft.saved_at',
      'account.name',
      'account.address',
      'article.source_id',
    ])
    .select([
      typedField(kind, 'title').as('title'),
      typedField(kind, 'section').as('section'),
      typedField(kind, 'language').as('language'),
    ])
    .$if(before !== undefined, (query) =>
      query.where(({ eb, refTuple, tuple }) =>
        eb(refTuple('article_draft.saved_at', 'article_draft.id'), '<', tuple(before!.saved_at, before!.id)),
      ),
    )
    .orderBy('article_draft.saved_at', 'desc')
    .orderBy('article_draft.id', 'desc')
    .limit(limit)
    .execute()
  return rows.map(({ name, address, title, section, language, source_id, ...row }) => ({
    ...row,
    source: source_id ?? 0,
    author: name || address,
    title: title ?? '',
    section: section ?? '',
    language: language ?? '',
  }))
}

/** What is being written about an article, and by whom; the last saved first. */
export async function about(db: Db, articleId: number): Promise<(Omit<Writing, 'typed'> & { author: string })[]> {
  const rows = await db
    .selectFrom('article_draft')
    .innerJoin('account', 'account.id', 'account_id')
    .select(['article_draft.id', 'article_draft.public_id', 'article_id', 'account_id', 'base', 'version', 'saved_at'])
    .select(['article_draft.created_at', 'account.name', 'account.address'])
    .where('article_id', '=', articleId)
    .orderBy('saved_at', 'desc')
    .limit(20)
    .execute()
  return rows.map(({ name, address, ...row }) => ({ ...row, author: name || address }))
}

/**
 * Lets a draft go: what it said is published, or is not wanted. With a `version` only as that left it: false where it stays,
 * because somebody has saved it since.
 */
export async function drop(db: Db, id: string, version?: number): Promise<boolean> {
  await db
    .deleteFrom('article_draft')
    .where('public_id', '=', id)
    .$if(version !== undefined, (query) => query.where('version', '=', version!))
    .execute()
  const left = await db.selectFrom('article_draft').select('id').where('public_id', '=', id).executeTakeFirst()
  return left === undefined
}

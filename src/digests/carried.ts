import type { Db } from '../../db/schema.ts'

/** An edition that carries a story, or carried it. */
export type Carrier = { public_id: string; digest: string; title: string; day: string; state: string }

/** How many letters with a story have gone out, and how many wait; `exact` unless some letters of an edition are without it. */
export type Reach = { gone: number; waiting: number; exact: boolean }

const MOST = 50 // editions: a story is told once in each digest
const GONE = ['submitted', 'uncertain', 'submitting']
const WAITING = ['queued', 'claimed', 'deferred']

/** The editions that carry a story, the latest first. */
export async function carriers(db: Db, articleId: number): Promise<Carrier[]> {
  const rows = await carrying(db, articleId)
    .innerJoin('digest', 'digest.id', 'edition.digest_id')
    .select([
      'edition.id',
      'edition.public_id',
      'digest.slug as digest',
      'digest.title',
      'edition.day',
      'edition.state',
    ])
    .distinct()
    .orderBy('edition.id', 'desc')
    .limit(MOST)
    .execute()
  return rows.map(({ id: _, ...row }) => row)
}

/** How far a story has come by letter. */
export async function reach(db: Db, articleId: number): Promise<Reach> {
  const parts = await carrying(db, articleId).select(['edition.id', 'part.id as part']).distinct().execute()
  const ids = [...new Set(parts.map(({ id }) => id))]
  const { n: all } = await db
    .selectFrom('part')
    .select(({ fn, cast }) => cast<number>(fn.countAll(), 'integer').as('n'))
    .where('edition_id', 'in', ids)
    .executeTakeFirstOrThrow()
  const tally = await db.selectFrom('tally').select(['state', 'n']).where('edition_id', 'in', ids).execute()
  const sum = (states: string[]) => tally.reduce((sum, { state, n }) => sum + (states.includes(state) ? n : 0), 0)
  return { gone: sum(GONE), waiting: sum(WAITING), exact: parts.length === all }
}

function carrying(db: Db, articleId: number) {
  return db
    .selectFrom('part_article')
    .innerJoin('part', 'part.id', 'part_id')
    .innerJoin('edition', 'edition.id', 'edition_id')
    .where('part_article.article_id', '=', articleId)
    .where('edition.state', '!=', 'skipped')
}

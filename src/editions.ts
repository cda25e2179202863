import { createHash } from 'node:crypto'
import type { ExpressionBuilder, Selectable } from 'kysely'
import type { Instant } from '../db/instant.ts'
import type { Db, EditionTable, PartTable, Schema } from '../db/schema.ts'
import { Problem } from './problem.ts'

/** One day's digest: composing → frozen → held | done, or skipped. Only a frozen one is claimed. */
export type Edition = Selectable<EditionTable>

/** One rendering for all who share it. */
export type Part = Selectable<PartTable>
export type PartKey = Pick<Part, 'id' | 'from_seq' | 'language' | 'sections' | 'format' | 'stories'>

/** Why an edition is held until a revision without a withdrawn story is there; anything else waits for somebody's word. */
export const WITHDRAWN = 'withdrawn'

/** Why a large list's first edition is held to see what comes back, and why any is of which too much did. */
export const FIRST = 'first'
export const REFUSALS = 'refusals'

/** Why any edition is held of which too many readers complain. */
export const COMPLAINTS = 'complaints'

type Opening = Pick<
  Edition,
  'public_id' | 'digest_id' | 'day' | 'slot_id' | 'subject' | 'stories' | 'to_seq' | 'due_at' | 'composed_at'
> & { judged_at?: Instant; left_out?: string | null }
type NewPart = Pick<Part, 'from_seq' | 'language' | 'format' | 'stories' | 'subject' | 'html' | 'text'> & {
  sections?: string
  articles: { article_id: number; form: string }[]
}

/** Opens an edition for its recipients to be written; undefined if that day and slot has one (a skipped one is taken over). */
export async function open(db: Db, opening: Opening): Promise<Edition | undefined> {
  const fresh = {
    revision: 1,
    state: 'composing',
    reason: null,
    cursor: 0,
    frozen_at: null,
    held_at: null,
    done_at: null,
  }
  const { public_id: _, ...again } = opening
  return db
    .insertInto('edition')
    .values({ ...opening, ...fresh })
    .onConflict((conflict) =>
      conflict
        .columns(['digest_id', 'day', 'slot_id'])
        .doUpdateSet({ ...again, ...fresh })
        .where('edition.state', '=', 'skipped'),
    )
    .returningAll()
    .executeTakeFirst()
}

/** Records that there is no edition that day, and why; undefined if there is one after all. */
export async function skip(
  db: Db,
  of: Pick<Edition, 'public_id' | 'digest_id' | 'day' | 'slot_id'> & { reason: string; now: Instant },
): Promise<Edition | undefined> {
  const { now, ...row } = of
  return db
    .insertInto('edition')
    .values({
      ...row,
      ...{ revision: 1, state: 'skipped', subject: null, stories: 0, to_seq: 0, cursor: 0 },
      ...{ due_at: now, composed_at: now, frozen_at: null, held_at: null, done_at: null },
    })
    .onConflict((conflict) =>
      conflict
        .columns(['digest_id', 'day', 'slot_id'])
        .doUpdateSet({ reason: row.reason, composed_at: now })
        .where('edition.state', '=', 'skipped'),
    )
    .returningAll()
    .executeTakeFirst()
}

/** Adds a rendering to the edition's present revision. */
export async function addPart(
  db: Db,
  edition: Pick<Edition, 'id' | 'revision' | 'to_seq'>,
  part: NewPart,
): Promise<number> {
  const { articles, ...values } = part
  const { from_seq, language, sections = '', format, stories, subject, html, text } = values
  const row = { from_seq, language, sections, format, stories, subject, html, text }
  const { id } = await db
    .insertInto('part')
    .values({ ...row, edition_id: edition.id, revision: edition.revision, to_seq: edition.to_seq })
    .returning('id')
    .executeTakeFirstOrThrow()
  for (let start = 0; start < articles.length; start += 1000) {
    const rows = articles
      .slice(start, start + 1000)
      .map((article, index) => ({ part_id: id, position: start + index, ...article }))
    await db.insertInto('part_article').values(rows).execute()
  }
  return id
}

/** The parts of the present revision by `partName`. */
export async function parts(db: Db, edition: Pick<Edition, 'id' | 'revision'>): Promise<Map<string, PartKey>> {
  const rows = await db
    .selectFrom('part')
    .select(['id', 'from_seq', 'language', 'sections', 'format', 'stories'])
    .where('edition_id', '=', edition.id)
    .where('revision', '=', edition.revision)
    .orderBy('from_seq')
    .execute()
  return new Map(rows.map((part) => [partName(part), part]))
}

/** What tells the parts of one edition apart. */
export function partName(part: Pick<Part, 'from_seq' | 'language' | 'format' | 'sections'>): string {
  return `${part.from_seq} ${part.language} ${part.format} ${part.sections}`
}

/** Takes the row's lock and answers the edition if its recipients are still being written. */
export async function lockComposing(db: Db, id: number): Promise<Edition | undefined> {
  return db
    .updateTable('edition')
    .set({ state: 'composing' })
    .where('id', '=', id)
    .where('state', '=', 'composing')
    .returningAll()
    .executeTakeFirst()
}

/** Remembers the last subscription whose delivery is written. */
export async function moveCursor(db: Db, id: number, cursor: number): Promise<void> {
  await db.updateTable('edition').set({ cursor }).where('id', '=', id).execute()
}

/** All recipients are written: from now on it may be claimed. */
export async function freeze(db: Db, id: number, now: Instant): Promise<void> {
  await db
    .updateTable('edition')
    .set({ state: 'frozen', frozen_at: now })
    .where('id', '=', id)
    .where('state', '=', 'composing')
    .execute()
}

/** Stops claims at once; false if it is not one that is being sent. */
export async function hold(db: Db, id: number, reason: string, now: Instant): Promise<boolean> {
  const held = { state: 'held', reason, held_at: now }
  const done = await db
    .updateTable('edition')
    .set(held)
    .where('id', '=', id)
    .where('state', '=', 'frozen')
    .returning('id')
    .execute()
  return done.length > 0
}

/** Holds an edition that has not been held so before, for one of the two reasons. */
export async function brake(db: Db, id: number, reason: typeof FIRST | typeof REFUSALS, now: Instant): Promise<void> {
  await db
    .updateTable('edition')
    .set({ state: 'held', reason, held_at: now, braked_at: now })
    .where('id', '=', id)
    .where('state', '=', 'frozen')
    .where('braked_at', 'is', null)
    .execute()
}

/** Holds an edition of which too many letters are refused: once, and never again after somebody's word. True if it did. */
export async function stop(db: Db, id: number, now: Instant): Promise<boolean> {
  const noted = await db
    .updateTable('edition')
    .set({ stopped_at: now })
    .where('id', '=', id)
    .where('stopped_at', 'is', null)
    .returning('id')
    .execute()
  return noted.length > 0 && hold(db, id, REFUSALS, now)
}

/** The editions that wait for somebody's word because too many of their letters were refused: `<digest> of <day>`. */
export async function stopped(db: Db): Promise<string[]> {
  const rows = await db
    .selectFrom('edition')
    .innerJoin('digest', 'digest.id', 'edition.digest_id')
    .select(['digest.slug', 'edition.day'])
    .where('state', '=', 'held')
    .where('reason', '=', REFUSALS)
    .orderBy('edition.id', 'desc')
    .limit(20)
    .execute()
  return rows.map(({ slug, day }) => `${slug} of ${day}`)
}

/** Notes that too many complain of an edition, once, and holds what is left of it; undefined if that was noted before. */
export async function complain(db: Db, id: number, now: Instant): Promise<{ held: boolean } | undefined> {
  const noted = await db
    .updateTable('edition')
    .set({ complained_at: now })
    .where('id', '=', id)
    .where('complained_at', 'is', null)
    .returning('id')
    .execute()
  return noted.length > 0 ? { held: await hold(db, id, COMPLAINTS, now) } : undefined
}

/**
 * Lets a held edition go on, for `reason` only, so that nobody lifts what somebody else held for another one. It stays held
 * where too many have complained of it since: that waits for a word of its own.
 */
export async function resume(db: Db, id: number, reason: string): Promise<boolean> {
  const held = () =>
    db
      .updateTable('edition')
      .where('id', '=', id)
      .where('state', '=', 'held')
      .where('reason', '=', reason)
      .returning('id')
  if (reason !== COMPLAINTS) {
    const stays = await held().whereRef('complained_at', '>=', 'held_at').set({ reason: COMPLAINTS }).execute()
    if (stays.length > 0) return true
  }
  return (await held().set({ state: 'frozen', reason: null, held_at: null }).execute()).length > 0
}

/** Opens the next revision of a held edition; undefined if somebody else already did. */
export async function revise(db: Db, edition: Pick<Edition, 'id' | 'revision'>): Promise<Edition | undefined> {
  return db
    .updateTable('edition')
    .set({ revision: edition.revision + 1 })
    .where('id', '=', edition.id)
    .where('state', '=', 'held')
    .where('revision', '=', edition.revision)
    .returningAll()
    .executeTakeFirst()
}

/** Calls the edition something else, on pages and in feeds: a letter that went out keeps what it said. */
export async function rename(db: Db, id: number, subject: string): Promise<void> {
  await db.updateTable('edition').set({ subject }).where('id', '=', id).execute()
}

/** The condition that an edition is of its digest's own hour: what the archive shows and the newsroom hears of. */
export function ofOwnSlot(eb: ExpressionBuilder<Schema, 'edition'>) {
  return eb('edition.slot_id', '=', (query) =>
    query
      .selectFrom('slot')
      .select(({ fn }) => fn.min<number>('slot.id').as('id'))
      .whereRef('slot.digest_id', '=', 'edition.digest_id'),
  )
}

/** Those that are not done: being composed, sent, or held. */
export async function unfinished(db: Db): Promise<Pick<Edition, 'id' | 'public_id' | 'state'>[]> {
  const open = ['composing', 'frozen', 'held']
  return db.selectFrom('edition').select(['id', 'public_id', 'state']).where('state', 'in', open).execute()
}

/** What is written down of an edition that is begun, so that a restored database can know what it has told. */
export async function begun(db: Db, id: number): Promise<{ edition: string; digest: number; stories: string[] }> {
  const edition = await db
    .selectFrom('edition')
    .select(['public_id', 'digest_id'])
    .where('id', '=', id)
    .executeTakeFirstOrThrow()
  const rows = await db
    .selectFrom('part')
    .innerJoin('part_article', 'part_article.part_id', 'part.id')
    .innerJoin('article', 'article.id', 'part_article.article_id')
    .select('article.guid')
    .distinct()
    .where('part.edition_id', '=', id)
    .execute()
  return { edition: edition.public_id, digest: edition.digest_id, stories: rows.map(({ guid }) => storyKey(guid)) }
}

/** A story by its guid, wherever and whenever it comes in. */
export function storyKey(guid: string): string {
  return createHash('sha256').update(guid).digest('hex').slice(0, 16)
}

/** Nothing waits any more. */
export async function finish(db: Db, id: number, now: Instant): Promise<void> {
  await db
    .updateTable('edition')
    .set({ state: 'done', done_at: now })
    .where('id', '=', id)
    .where('state', '=', 'frozen')
    .execute()
}

/** Takes it upon itself to tell how the edition went; false if somebody else has. */
export async function report(db: Db, id: number, now: Instant): Promise<boolean> {
  const mine = await db
    .updateTable('edition')
    .set({ reported_at: now })
    .where('id', '=', id)
    .where('state', '=', 'done')
    .where('reported_at', 'is', null)
    .returning('id')
    .execute()
  return mine.length > 0
}

/** The edition of this public id, or a Problem. */
export async function find(db: Db, publicId: string): Promise<Edition> {
  const edition = await db.selectFrom('edition').selectAll().where('public_id', '=', publicId).executeTakeFirst()
  if (!edition) throw new Problem('edition-not-found', { value: publicId })
  return edition
}

import { type Instant, later } from '../../db/instant.ts'
import type { Db } from '../../db/schema.ts'
import type { Article } from '../articles/index.ts'
import * as channels from '../channels.ts'
import * as calendar from './calendar.ts'
import * as readers from './readers.ts'
import * as render from './render.ts'
import type { Place } from './slots.ts'
import * as stage from './stage.ts'
import * as stories from './stories.ts'

/** What a list of stories shows of each. */
export type Shown = Pick<
  Article,
  'id' | 'public_id' | 'title' | 'language' | 'section' | 'published_at' | 'withdrawn_at' | 'archived_at'
>

/** A story that the edition would hold: how, whether the newsroom placed it, where it would stand by itself, and whether its hour is still to come. */
export type Present = { article: Shown; form: render.Form; placed: boolean; rank: number; waits: boolean }

/**
 * Why a story is not in it: `left-out` by somebody; `withdrawn`; `sent` with the edition of `day`; `counted` as told elsewhere;
 * `archive`: it came in as an old one; of another section, language, source, tag or author than the channel takes; `embargoed`
 * until after that hour; `too-old`; `late`: it could not enter.
 */
export type Why =
  | 'left-out' | 'withdrawn' | 'sent' | 'counted' | 'archive'
  | 'other-section' | 'other-language' | 'other-source' | 'other-tag' | 'other-author'
  | 'embargoed' | 'too-old' | 'late' // biome-ignore format: one list

/** `passes`: it is one of the channel's. */
export type Absent = { article: Shown; passes: boolean } & Reason

type Reason = { why: Why; by?: string; at?: Instant; day?: string | undefined }

/** The edition to come, as it would be made at `at` for who has read all the earlier ones. */
export type Staged = {
  day: string
  at: Instant
  present: Present[]
  absent: Absent[]
  /** How many stories the newsroom placed first. */
  placed: number
  /** As many as the digest wants at least. */
  enough: boolean
}

const NEAR = 60 // articles around the edition's hour whose absence is explained
const AHEAD = 20

/** What the edition of the next day would hold at its hour (or at another moment), and why other recent stories are not in it. */
export async function staged(
  db: Db,
  place: Place,
  moment: { now: Instant; at?: Instant | undefined },
): Promise<Staged> {
  const { digest, slot } = place
  const at = moment.at ?? (Math.max(slot.next_at, moment.now) as Instant)
  const day = slot.next_on
  const spacing = calendar.spacing(slot.weekdays)
  const told = await readers.toldIn(db, place)
  const chosen = await stage.choices(db, place, day)
  const oldest = later(at, -stories.age(digest, spacing))
  const stock = await stories.stock(db, digest, { at, oldest, out: chosen.out })
  const untold = stories.untold(stock.all, { told, spacing, sections: '' }, digest, at)
  const arranged = render.arrange(untold, digest.max, chosen.first)
  const shown = await shownOf(db, [...arranged.map(({ article_id }) => article_id), ...chosen.out.keys()])
  const placed = new Set(chosen.first)
  const newest = render.arrange(untold, digest.max, []).map(({ article_id }) => article_id)
  const present = arranged.flatMap(({ article_id, form }): Present[] => {
    const article = shown.get(article_id)
    if (!article) return []
    const rank = newest.indexOf(article_id)
    return [{ article, form, placed: placed.has(article_id), rank, waits: article.published_at > moment.now }]
  })
  const around = await near(db, at, new Set(arranged.map(({ article_id }) => article_id)))
  for (const id of chosen.out.keys()) if (shown.has(id)) around.set(id, shown.get(id)!)
  return {
    ...{ day, at, present, enough: untold.length >= digest.min },
    placed: present.filter((one) => one.placed).length,
    absent: await explained(db, place, [...around.values()], { at, oldest, told, chosen }),
  }
}

const COLUMNS = [
  'article.id', 'article.public_id', 'article.title', 'article.language', 'article.section', 'article.published_at',
  'article.withdrawn_at', 'article.archived_at',
] as const // biome-ignore format: one list

async function shownOf(db: Db, ids: number[]): Promise<Map<number, Shown>> {
  const rows = await db.selectFrom('article').select(COLUMNS).where('id', 'in', ids).execute()
  return new Map(rows.map((row) => [row.id, row]))
}

/** The articles nearest to a moment that are not among these: those to come, the latest, and what was withdrawn of late. */
async function near(db: Db, at: Instant, but: Set<number>): Promise<Map<number, Shown>> {
  const articles = db.selectFrom('article').select(COLUMNS)
  const ahead = await articles
    .where('withdrawn_at', 'is', null)
    .where('published_at', '>', at)
    .orderBy('published_at')
    .orderBy('id')
    .limit(AHEAD)
    .execute()
  const behind = await articles
    .where('withdrawn_at', 'is', null)
    .where('published_at', '<=', at)
    .orderBy('published_at', 'desc')
    .orderBy('id', 'desc')
    .limit(NEAR + but.size)
    .execute()
  const withdrawn = await articles
    .where('withdrawn_at', 'is not', null)
    .orderBy('withdrawn_at', 'desc')
    .limit(AHEAD)
    .execute()
  const rows = [...ahead.reverse(), ...behind, ...withdrawn].filter(({ id }) => !but.has(id))
  return new Map(rows.slice(0, NEAR + AHEAD).map((row) => [row.id, row]))
}

type Judged = { at: Instant; oldest: Instant; told: number | null; chosen: stage.Choices }

async function explained(db: Db, place: Place, articles: Shown[], judged: Judged): Promise<Absent[]> {
  const ids = articles.map(({ id }) => id)
  const [passing, foreign, entered] = [
    await passingOf(db, place, ids),
    await facetsOf(db, place, ids),
    await enteredOf(db, place, ids),
  ]
  const days = await daysOf(db, place)
  const reasonOf = (article: Shown): Reason => {
    const left = judged.chosen.out.get(article.id)
    if (left) return { why: 'left-out', ...left }
    if (article.withdrawn_at !== null) return { why: 'withdrawn', at: article.withdrawn_at }
    const story = entered.get(article.id)
    if (story?.excluded_at) return { why: 'counted' }
    if (story && story.seq <= (judged.told ?? 0))
      return { why: 'sent', day: days.find(({ to_seq }) => to_seq >= story.seq)?.day }
    if (!passing.has(article.id)) return { why: foreign.get(article.id) ?? 'other-section' }
    if (article.published_at > judged.at) return { why: 'embargoed', at: article.published_at }
    if (article.archived_at !== null) return { why: 'archive' }
    if (article.published_at < judged.oldest) return { why: 'too-old' }
    const { told_until } = place.digest
    return { why: told_until !== null && article.published_at <= told_until ? 'counted' : 'late' }
  }
  return articles.map((article) => ({ article, passes: passing.has(article.id), ...reasonOf(article) }))
}

async function passingOf(db: Db, { digest }: Place, ids: number[]): Promise<Set<number>> {
  const channel = await channelOf(db, digest.channel_id)
  const rows = await db
    .selectFrom('article')
    .select('article.id')
    .where('article.id', 'in', ids)
    .where(channels.passing(channels.filterOf(channel)))
    .execute()
  return new Set(rows.map(({ id }) => id))
}

/** The first kind of the channel's filter that an article does not pass. */
async function facetsOf(db: Db, { digest }: Place, ids: number[]): Promise<Map<number, Why>> {
  const filter = channels.filterOf(await channelOf(db, digest.channel_id))
  const found = new Map<number, Why>()
  for (const kind of ['section', 'language', 'source', 'tag', 'author'] as const) {
    if (!filter[kind]?.length) continue
    const rows = await db
      .selectFrom('article')
      .select('article.id')
      .where('article.id', 'in', ids)
      .where(channels.passing({ [kind]: filter[kind] }))
      .execute()
    const passes = new Set(rows.map(({ id }) => id))
    for (const id of ids) if (!passes.has(id) && !found.has(id)) found.set(id, `other-${kind}`)
  }
  return found
}

function channelOf(db: Db, id: number) {
  return db.selectFrom('channel').selectAll().where('id', '=', id).executeTakeFirstOrThrow()
}

async function enteredOf(db: Db, { digest }: Place, ids: number[]) {
  const rows = await db
    .selectFrom('story')
    .select(['article_id', 'seq', 'excluded_at'])
    .where('digest_id', '=', digest.id)
    .where('article_id', 'in', ids)
    .execute()
  return new Map(rows.map((row) => [row.article_id, row]))
}

/** The latest editions of the hour, oldest first, and up to where each told. */
async function daysOf(db: Db, { digest, slot }: Place): Promise<{ day: string; to_seq: number }[]> {
  const rows = await db
    .selectFrom('edition')
    .select(['day', 'to_seq'])
    .where('digest_id', '=', digest.id)
    .where('slot_id', '=', slot.id)
    .where('state', '!=', 'skipped')
    .orderBy('day', 'desc')
    .limit(NEAR)
    .execute()
  return rows.reverse()
}

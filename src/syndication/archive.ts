import { createHash } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { sql } from 'kysely'
import type { Instant } from '../../db/instant.ts'
import type { Db } from '../../db/schema.ts'
import type { Story } from '../articles/index.ts'
import * as articles from '../articles/index.ts'
import type { Channel } from '../channels.ts'
import * as channels from '../channels.ts'
import * as links from '../links.ts'
import type { Site } from '../site.ts'
import { atomEntries, atomStart, END } from './atom.ts'
import { goneOf, headOf, type LeftOut, sound } from './build.ts'
import { readEntry } from './entry.ts'
import { logoOf } from './input.ts'
import { monthOf, monthRange } from './month.ts'
import { TYPES } from './write.ts'

/** A month of a channel: all its articles, in a document of their own (RFC 5005 §4). */
export type Archive = {
  site: Site
  channel: Channel
  filter: channels.Filter
  month: string
  from: Instant
  to: Instant
  url: string
}

const PAGE = 50 // articles
const PAGE_LETTERS = 4_000_000 // of HTML in one page, which is more than fifty ordinary articles have
const MOST_DELETED = 1000
const [EVER, EVER_AFTER] = [-8.64e15 as Instant, 8.64e15 as Instant]

/** The month as a range of moments where the paper is; undefined if it is none. */
export async function openArchive(
  db: Db,
  { site, channel, month, url }: Pick<Archive, 'site' | 'channel' | 'month' | 'url'>,
): Promise<Archive | undefined> {
  const range = monthRange(month, site.zone)
  return range && { site, channel, filter: await channels.sized(db, channels.filterOf(channel)), month, ...range, url }
}

/** What an archive holds, since when, and the nearest articles outside it. */
export type State = { stamp: string; changedAt: Instant; before: Instant | null; after: Instant | null }

/** What tells one state of an archive from another, by one query; undefined if nothing is in it. */
export async function stateOf(db: Db, archive: Archive, now: Instant): Promise<State | undefined> {
  const { site, channel, url } = archive
  const row = await visible(db, archive, now)
    .select(({ fn }) => [
      fn.max<number | null>('article.published_at').as('published'),
      fn.max<number | null>('article.revised_at').as('revised'),
      sql<string>`cast(count(*) as text)`.as('n'),
      sql<string>`cast(sum(article.id) as text)`.as('ids'),
      sql<string>`cast(sum(coalesce(article.revised_at, 0) % 1000000007) as text)`.as('revisions'),
      sql<string>`cast(sum(coalesce(article.image_id, 0)) as text)`.as('pictures'),
      sql<string>`cast(sum(coalesce(article.pictured_at, 0) % 1000000007) as text)`.as('bodies'),
      neighbour(db, archive, 'before', now).as('before'),
      neighbour(db, archive, 'after', now).as('after'),
      gone(db, archive)
        .select(({ fn }) => fn.max('withdrawn_at').as('at'))
        .as('gone'),
      gone(db, archive).select(sql<string>`cast(count(*) as text)`.as('n')).as('goneCount'),
    ])
    .executeTakeFirstOrThrow()
  if (row.published === null) return undefined
  const changedAt = Math.max(site.changed_at, row.published, row.revised ?? 0, row.gone ?? 0) as Instant
  const read = [url, channel.feed_id, channel.text, channel.title, channel.description, site.changed_at, site.name, row]
  const stamp = createHash('sha256').update(JSON.stringify(read)).digest('base64url').slice(0, 22)
  return { stamp, changedAt, before: row.before, after: row.after }
}

/** What writing an archive needs besides: the clock, the sheet for browsers, and whom to tell what was left out. */
type Telling = { now: () => Instant; stylesheet: string; report: (leftOut: LeftOut[]) => void }

/**
 * The document in pieces, newest articles first, a page of them at a time. Throws before its end if what the archive holds
 * has changed meanwhile, so that nobody takes half of one state and half of another for a whole.
 */
export async function* writeArchive(db: Db, archive: Archive, state: State, telling: Telling): AsyncGenerator<string> {
  const { now, report } = telling
  yield await start(db, archive, state, telling)
  let last: Pick<Story, 'published_at' | 'id'> | undefined
  for (;;) {
    const stories = await page(db, archive, now(), last)
    if (stories.length === 0) break
    yield await entries(stories, archive, report)
    last = stories.at(-1)
  }
  if ((await stateOf(db, archive, now()))?.stamp !== state.stamp) throw new Error('the archive has changed meanwhile')
  yield END
}

async function start(db: Db, archive: Archive, state: State, { stylesheet, report }: Telling): Promise<string> {
  const { site, channel, month, url } = archive
  const leftOut: LeftOut[] = []
  const head = headOf(
    { site, channel, url, stylesheet, ...(await logoOf(db, site)) },
    state.changedAt,
    goneOf(await deleted(db, archive), leftOut),
  )
  report(leftOut)
  const at = (rel: string, moment: Instant | null) =>
    moment === null
      ? []
      : [{ rel, href: links.archive(url, channel.slug, monthOf(moment, site.zone)), type: TYPES.atom }]
  return atomStart(
    {
      ...head,
      title: `${head.title} · ${month}`,
      self: links.archive(url, channel.slug, month),
      links: [
        { rel: 'current', href: links.feed(url, channel.slug, 'atom'), type: TYPES.atom },
        ...at('prev-archive', state.before),
        ...at('next-archive', state.after),
      ],
    },
    'archive',
  )
}

/** The hour of the nearest article outside the month. */
function neighbour(db: Db, { filter, from, to }: Archive, side: 'before' | 'after', now: Instant) {
  const outside = between(
    db,
    filter,
    side === 'before' ? EVER : to,
    side === 'before' ? ended(from, now) : ended(EVER_AFTER, now),
  )
  return outside
    .select('article.published_at')
    .orderBy('article.published_at', side === 'before' ? 'desc' : 'asc')
    .limit(1)
}

/** As many articles as may be held at once, from where the last page ended. */
async function page(
  db: Db,
  archive: Archive,
  now: Instant,
  last: Pick<Story, 'published_at' | 'id'> | undefined,
): Promise<Story[]> {
  const rows = await visible(db, archive, now)
    .select(['article.id', sql<number>`length(article.body_html)`.as('letters')])
    .$if(last !== undefined, (query) =>
      query.where(({ eb, refTuple, tuple }) =>
        eb(refTuple('article.published_at', 'article.id'), '<', tuple(last!.published_at, last!.id)),
      ),
    )
    .orderBy('article.published_at', 'desc')
    .orderBy('article.id', 'desc')
    .limit(PAGE)
    .execute()
  let letters = 0
  const fitting = rows.filter((row, index) => {
    letters += row.letters
    return index === 0 || letters <= PAGE_LETTERS
  })
  return articles.byIds(
    db,
    fitting.map((row) => row.id),
  )
}

async function entries(
  stories: Story[],
  { channel, url }: Archive,
  report: (leftOut: LeftOut[]) => void,
): Promise<string> {
  const leftOut: LeftOut[] = []
  const read = []
  for (const story of stories) {
    read.push(...sound([story], leftOut, () => readEntry(story, url, channel.text === 'full')))
    await setImmediate() // cleaning fifty bodies in one go would hold up everybody else
  }
  report(leftOut)
  return atomEntries(read)
}

async function deleted(db: Db, archive: Archive): Promise<Parameters<typeof goneOf>[0]> {
  return gone(db, archive)
    .select(['public_id', 'entry_id', 'published_at', 'withdrawn_at', 'withdrawn_reason'])
    .orderBy('withdrawn_at', 'desc')
    .orderBy('id')
    .limit(MOST_DELETED)
    .execute()
}

function gone(db: Db, { filter, from, to }: Archive) {
  return db
    .selectFrom('article')
    .where('withdrawn_at', 'is not', null)
    .where('published_at', '>=', from)
    .where('published_at', '<', to)
    .where(channels.passing(filter))
}

function visible(db: Db, { filter, from, to }: Archive, now: Instant) {
  return between(db, filter, from, ended(to, now))
}

/** What readers may see now ends with this moment, where a range would go on. */
function ended(to: Instant, now: Instant): Instant {
  return Math.min(to, now + 1) as Instant
}

/** One bound on either side: of two, SQLite would walk the index to the one it did not choose. */
function between(db: Db, filter: channels.Filter, from: Instant, to: Instant) {
  return db
    .selectFrom('article')
    .where('article.withdrawn_at', 'is', null)
    .where('article.published_at', '>=', from)
    .where('article.published_at', '<', to)
    .where(channels.passing(filter))
}

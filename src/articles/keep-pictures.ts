import { type Instant, instant, later } from '../../db/instant.ts'
import type { Db } from '../../db/schema.ts'
import type { Actor, App } from '../app.ts'
import * as changes from '../changes.ts'
import * as channels from '../channels.ts'
import * as fetching from '../fetching/index.ts'
import * as media from '../media.ts'
import { Problem } from '../problem.ts'
import * as bodyPictures from './body-pictures.ts'
import * as downloads from './downloads.ts'
import { namesOf } from './labels.ts'
import { asFacets } from './publish.ts'
import type { Article } from './story.ts'

/** What became of the pictures that were due; `waiting` will be tried later. */
export type KeptPictures = { kept: number; failed: { url: string; reason: string }[]; waiting: number }

type Options = { signal: AbortSignal; onPicture?: (done: number) => void }

const IN_ONE_RUN = 50
const AT_ONCE = 6
const PER_HOST = 2
const BATCH = 100 // articles of one picture in a transaction, and bodies
const OUR_FAULT = 300_000 // ms until the next try where the disk or a bug was in the way
const ACCEPT = 'image/jpeg,image/png,image/*;q=0.9,*/*;q=0.1' // the original rather than what a host makes of it

/**
 * Keeps the pictures that are due, at most 50 of them, and gives them to their articles.
 *
 * Safe to run twice, in two processes, and to be killed at any moment. One that cannot be had is tried again after 5
 * minutes, an hour, six hours and a day, and then given up with its reason.
 */
export async function keepPictures(app: App, actor: Actor, { signal, onPicture }: Options): Promise<KeptPictures> {
  const done: KeptPictures = { kept: 0, failed: [], waiting: 0 }
  const urls = await downloads.due(app.db, instant(app.now()), IN_ONE_RUN)
  await inLanes(urls, signal, async (url) => {
    const became = await attempt(app, actor, url, signal)
    if (became === 'kept') done.kept++
    else if (became) done.failed.push({ url, reason: became.reason })
    onPicture?.(done.kept + done.failed.length)
  })
  return { ...done, waiting: await downloads.waiting(app.db) }
}

/** Does that until nothing is due. */
export async function keepAllPictures(app: App, actor: Actor, { signal, onPicture }: Options): Promise<KeptPictures> {
  const sum: KeptPictures = { kept: 0, failed: [], waiting: 0 }
  do {
    const before = sum.kept + sum.failed.length
    const run = await keepPictures(app, actor, { signal, onPicture: (done) => onPicture?.(before + done) })
    sum.kept += run.kept
    sum.failed.push(...run.failed)
    sum.waiting = run.waiting
  } while (!signal.aborted && (await downloads.due(app.db, instant(app.now()), 1)).length > 0)
  return sum
}

/** Does the work for each address, several at once, but few at one host. The first error ends it when the others have ended. */
async function inLanes(urls: string[], signal: AbortSignal, work: (url: string) => Promise<void>): Promise<void> {
  const queue = urls.map((url) => ({ url, host: new URL(url).host }))
  const busy: string[] = []
  async function lane(): Promise<void> {
    while (!signal.aborted) {
      const next = queue.findIndex(({ host }) => busy.filter((one) => one === host).length < PER_HOST)
      const [taken] = next < 0 ? [] : queue.splice(next, 1)
      if (!taken) return // what is left is for the lanes that are at those hosts
      busy.push(taken.host)
      await work(taken.url).finally(() => busy.splice(busy.indexOf(taken.host), 1))
    }
  }
  const ends = await Promise.allSettled(Array.from({ length: AT_ONCE }, lane))
  const broken = ends.find((end) => end.status === 'rejected')
  if (broken) throw broken.reason
}

/** One try; undefined where there was nothing to try. */
async function attempt(
  app: App,
  actor: Actor,
  url: string,
  signal: AbortSignal,
): Promise<'kept' | { reason: string } | undefined> {
  const at = instant(app.now())
  const tries = await downloads.claim(app.db, url, at)
  if (tries === undefined || (await unwanted(app, url))) return undefined
  try {
    const picture = (await ours(app, url)) ?? (await media.keep(app, await bytesAt(app, url, signal)))
    while (!(await give(app, actor, url, picture.id)));
    return 'kept'
  } catch (error) {
    if (signal.aborted) return void (await downloads.release(app.db, url, tries, at))
    if (!(error instanceof Problem && ['fetch-failed', 'image-unusable'].includes(error.code))) {
      await downloads.release(app.db, url, tries, later(at, OUR_FAULT))
      throw error
    }
    const reason = String(error.values['reason'])
    const ended = await downloads.fail(app.db, url, tries, reason)
    if ((ended || !mayPass(error)) && (await bodyPictures.fallBack(app.db, url, at))) return undefined
    if (ended) app.log.warn('a picture was given up', { host: new URL(url).host, reason })
    return { reason }
  }
}

/** Whether no story shows it any more; then it is forgotten. */
async function unwanted(app: App, url: string): Promise<boolean> {
  if (await downloads.isWanted(app.db, url)) return false
  return app.db.transaction().execute(async (db) => {
    await downloads.hold(db, url)
    return downloads.close(db, url)
  })
}

async function bytesAt(app: App, url: string, signal: AbortSignal): Promise<Buffer> {
  const { status, body } = await fetching.get(app, url, { accept: ACCEPT, signal })
  if (status !== 200)
    throw new Problem('fetch-failed', { host: new URL(url).host, reason: `it answers ${status}`, status })
  return body
}

/** The picture of ours that an address on our own site names. */
async function ours(app: App, url: string): Promise<{ id: number } | undefined> {
  const place = `${app.config.url}/m/`
  return url.startsWith(place) ? media.named(app.db, url.slice(place.length)) : undefined
}

/** Whether a failure may be over at the next try: what is not there, too large or no picture stays so. */
function mayPass({ code, values }: Problem): boolean {
  const status = Number(values['status'] ?? 0)
  const refused = status >= 400 && status < 500 && ![408, 425, 429].includes(status)
  return code === 'fetch-failed' && !refused && !String(values['reason']).startsWith('larger than')
}

/**
 * Gives a kept picture to stories that wait for it, at most 200 of them; answers whether none is left. Their feeds and
 * pages are built anew, but for readers it is no update of the story.
 */
function give(app: App, actor: Actor, url: string, image_id: number): Promise<boolean> {
  const at = instant(app.now())
  return app.db.transaction().execute(async (db) => {
    await downloads.hold(db, url)
    const articles = await illustrate(db, url, image_id, at)
    const ids = articles.map((article) => article.id)
    const names = await namesOf(db, ids)
    const facets = articles.map((article) => asFacets(article, names.get(article.id)))
    await bodyPictures.keepImageAddress(db, url, image_id, ids)
    await channels.touch(db, facets, at)
    await changes.record(
      db,
      actor,
      at,
      articles.map(({ public_id }) => entry(public_id, image_id)),
    )
    return downloads.close(db, url)
  })
}

/**
 * One article after another by their ids, as revisions do it: pictures that two stories share are kept at the same time,
 * and none waits for the other. What hangs on an article comes after it.
 */
async function illustrate(db: Db, url: string, image_id: number, at: Instant): Promise<Article[]> {
  const leads = await downloads.waitingFor(db, url).select('id').orderBy('id').limit(BATCH).execute()
  const waiting = downloads.bodiesWaitingFor(db, url).select('article_id as id').distinct()
  const bodies = await waiting.orderBy('id').limit(BATCH).execute()
  const shownIn = new Set(bodies.map(({ id }) => id))
  const ids = [...new Set([...leads, ...bodies].map(({ id }) => id))].sort((a, b) => a - b)
  const articles: Article[] = []
  for (const id of ids) {
    const one = db.updateTable('article').where('id', '=', id).returningAll()
    const body = shownIn.has(id) && (await one.set({ pictured_at: at }).executeTakeFirst())
    const mine = one.where('image_url', '=', url).where('image_id', 'is', null) // still, now that nobody else revises it
    const lead = await mine.set({ image_id }).executeTakeFirst()
    if (lead || body) articles.push((lead || body) as Article)
  }
  await bodyPictures.give(db, url, image_id, [...shownIn])
  return articles
}

function entry(public_id: string, image_id: number): changes.Entry {
  return { verb: 'article.picture', subject: `article:${public_id}`, after: { image_id } }
}

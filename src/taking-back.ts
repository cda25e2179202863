import { sql } from 'kysely'
import { type Instant, instant } from '../db/instant.ts'
import type { Db } from '../db/schema.ts'
import type { Actor, App } from './app.ts'
import * as articles from './articles/index.ts'
import * as digests from './digests/index.ts'
import * as intake from './intake/index.ts'
import * as sources from './sources/index.ts'
import type { Change } from './trail.ts'

/** What somebody did between two lines of the trail, the first not among it. */
export type Deed = { after: number; upTo: number }

const MOST = 200 // lines of one deed
const VERBS = ['article.withdraw', 'article.restore', 'article.revise', 'article.pin', 'article.unpin'] as const
const REVIEWED = ['item.release', 'item.refuse']
const PINS = ['article.pin', 'article.unpin']

/** The last line of the trail: where a deed begins, or ends. */
export async function mark(db: Db): Promise<number> {
  const row = await db
    .selectFrom('change')
    .select(({ fn }) => fn.max('id').as('id'))
    .executeTakeFirst()
  return row?.id ?? 0
}

/**
 * Takes back what this actor did with articles and with what waited for review. All of it or nothing: false where one of
 * them has been changed by anybody since it began, and for more lines than one deed writes.
 */
export async function takeBack(app: App, actor: Actor, deed: Deed): Promise<boolean> {
  const lines = await linesOf(app.db, actor, deed)
  if (lines.length === 0 || lines.length > MOST) return false
  const reviewed = lines.filter(({ verb }) => REVIEWED.includes(verb))
  const about = lines.filter(({ verb }) => !REVIEWED.includes(verb))
  const taken = await app.db.transaction().execute(async (db) => {
    if (await changedSince(db, lines)) return false
    if (reviewed.length > 0) return backToReview(app, db, actor, reviewed)
    for (const line of about.toReversed()) await back(app, db, actor, line)
    return true
  })
  if (taken) await digests.reviseHeld(app, actor)
  return taken
}

async function linesOf(db: Db, actor: Actor, { after, upTo }: Deed): Promise<Change[]> {
  return db
    .selectFrom('change')
    .selectAll()
    .where('id', '>', after)
    .where('id', '<=', upTo)
    .where(sql<boolean>`actor || '' = ${actor}`) // the few lines of the deed, not all that he ever did
    .where('verb', 'in', [...VERBS, ...REVIEWED])
    .orderBy('id')
    .limit(MOST + 1)
    .execute()
}

/** Whether anybody has changed one of these articles since the deed began, or what leads the front page where it was about that. */
async function changedSince(db: Db, lines: Change[]): Promise<boolean> {
  const ids = lines.map(({ id }) => id)
  const subjects = lines.map(({ subject }) => subject).filter((subject) => subject.startsWith('article:'))
  const pins = lines.some(({ verb }) => PINS.includes(verb)) ? PINS : []
  if (subjects.length === 0) return false
  const other = await db
    .selectFrom('change')
    .select('id')
    .where('id', '>', ids[0]!)
    .where('id', 'not in', ids)
    .where(({ eb, or }) => or([eb('subject', 'in', subjects), ...(pins.length > 0 ? [eb('verb', 'in', pins)] : [])]))
    .limit(1)
    .executeTakeFirst()
  return other !== undefined
}

/** What waited for review waits again; false where one of them is no longer as that left it. */
async function backToReview(app: App, db: Db, actor: Actor, lines: Change[]): Promise<boolean> {
  const bySource = Map.groupBy(lines, ({ subject }) => Number(subject.slice('source:'.length)))
  const work: { source: sources.Source; lets: intake.Let[] }[] = []
  for (const [id, some] of bySource) work.push({ source: await sources.find(db, id), lets: some.map(letOf) })
  for (const { source, lets } of work) if (!(await intake.canHoldAgain(db, source, lets))) return false
  for (const { source, lets } of work) await intake.holdAgain(app, db, actor, source, lets)
  return true
}

function letOf({ verb, before, after, at }: Change): intake.Let {
  const { guid } = JSON.parse(after ?? before ?? '{}') as { guid: string }
  return { guid, at, released: verb === 'item.release' }
}

async function back(app: App, db: Db, actor: Actor, line: Change): Promise<void> {
  const id = line.subject.slice('article:'.length)
  const at = instant(app.now())
  const article = await articles.find(db, id)
  if (!article) return
  if (line.verb === 'article.withdraw') await digests.restoreIn(app, db, actor, article)
  if (line.verb === 'article.restore') await digests.withdrawIn(app, db, actor, id, reasonOf(line))
  if (line.verb === 'article.pin') await pinAgain(db, actor, displacedBy(line), at)
  if (line.verb === 'article.unpin') await pinAgain(db, actor, { article: id, until_at: untilOf(line) }, at)
  if (line.verb === 'article.revise') {
    const revision = await articles.revisionMadeAt(db, article.id, actor, line.at)
    if (revision) await articles.edit(db, actor, id, revision.said, { at })
  }
}

function reasonOf({ before }: Change): string {
  return (JSON.parse(before ?? '{}') as { withdrawn_reason?: string | null }).withdrawn_reason ?? ''
}

/** What led the front page leads it again, where its time is not over and it still stands; else nothing is pinned. */
async function pinAgain(db: Db, actor: Actor, was: articles.Displaced | undefined, at: Instant): Promise<void> {
  const stands = was && was.until_at > at && (await articles.find(db, was.article))?.withdrawn_at === null
  if (stands) await articles.pin(db, actor, was.article, was.until_at, at)
  else await articles.unpin(db, actor, at)
}

function displacedBy({ before }: Change): articles.Displaced | undefined {
  return before === null ? undefined : (JSON.parse(before) as articles.Displaced)
}

function untilOf({ before }: Change): Instant {
  return (JSON.parse(before ?? '{}') as { until_at: Instant }).until_at
}

import type { Selectable } from 'kysely'
import { kindOf } from '../../db/database.ts'
import { type Instant, instant } from '../../db/instant.ts'
import type { Db, SegmentTable } from '../../db/schema.ts'
import type { Actor, App } from '../app.ts'
import * as changes from '../changes.ts'
import * as channels from '../channels.ts'
import { Problem } from '../problem.ts'
import * as subscribers from '../subscribers/index.ts'
import { oneLine } from '../text.ts'
import { type Among, type Beside, compile } from './condition.ts'
import { type FieldTest, type Rule, readRule, tests } from './rule.ts'
import { explain } from './words.ts'

/** A part of a list: its active readers for whom the rule is true. It never changes: another rule is another segment. */
export type Segment = Selectable<SegmentTable>

export type Draft = { slug: string; title?: string; list?: string; rule: string }

/** What a rule is of a list, whether or not it is a segment yet: enough to say it in words and to count it. */
export type Meant = Pick<Segment, 'list_id' | 'rule'>

/**
 * Reads what is to become a segment; a Problem where something in it cannot be. `among`: the lists that the rule may name,
 * by their slugs.
 */
export async function meant(
  db: Db,
  { slug, list, rule: text }: Pick<Draft, 'slug' | 'list' | 'rule'>,
  among?: readonly string[],
): Promise<Meant> {
  const rule = fitted(readRule(text), await subscribers.fields(db))
  const on = list ?? listOf(rule)
  if (on === undefined) throw new Problem('segment-list-needed', { slug })
  const named = tests(rule).flatMap((test) => ('list' in test ? [test.list] : []))
  for (const other of [on, ...named]) {
    if (among && !among.includes(other)) throw new Problem('list-not-found', { value: other })
    await subscribers.findList(db, other)
  }
  return { list_id: (await subscribers.findList(db, on)).id, rule: JSON.stringify(rule) }
}

/** Makes a segment. Without `list` the rule itself has to say it, by a `list` that all its readers are on. */
export async function add(app: App, actor: Actor, draft: Draft): Promise<Segment> {
  const slug = channels.checkedSlug(draft.slug)
  const title = draft.title === undefined ? slug : channels.checkedTitle(draft.title)
  const now = instant(app.now())
  return app.db.transaction().execute(async (db) => {
    const { list_id, rule } = await meant(db, draft)
    const values = { slug, title, list_id, rule, created_at: now }
    const segment = await db
      .insertInto('segment')
      .values(values)
      .onConflict((conflict) => conflict.column('slug').doNothing())
      .returningAll()
      .executeTakeFirst()
    if (!segment) throw new Problem('slug-taken', { value: slug })
    await changes.record(db, actor, now, [
      {
        verb: 'segment.add',
        subject: `segment:${slug}`,
        after: { list: await slugOf(db, list_id), rule: JSON.parse(rule) },
      },
    ])
    return segment
  })
}

async function slugOf(db: Db, id: number): Promise<string> {
  return (await db.selectFrom('list').select('slug').where('id', '=', id).executeTakeFirstOrThrow()).slug
}

export async function find(db: Db, slug: string): Promise<Segment> {
  const named = /^[a-z0-9-]{1,60}$/.test(slug) // PostgreSQL takes no NUL, not even to look for it
  const segment = named && (await db.selectFrom('segment').selectAll().where('slug', '=', slug).executeTakeFirst())
  if (!segment) throw new Problem('segment-not-found', { value: oneLine(slug).slice(0, 60) })
  return segment
}

/** The segment of this slug; a Problem if it is a part of another list. */
export async function ofList(db: Db, slug: string, list: { id: number }): Promise<Segment> {
  const segment = await find(db, slug)
  if (segment.list_id === list.id) return segment
  const own = await db.selectFrom('list').select('slug').where('id', '=', segment.list_id).executeTakeFirstOrThrow()
  throw new Problem('segment-other-list', { slug, list: own.slug })
}

/** The list that is meant, and a segment's condition if one is named; the segment says its list itself. */
export async function partOf(
  app: Pick<App, 'read' | 'now'>,
  { list, segment: slug }: { list?: string; segment?: string },
): Promise<{ list: string; only?: subscribers.Condition }> {
  if (slug === undefined) {
    if (list === undefined) throw new Problem('list-needed')
    return { list }
  }
  const segment = list
    ? await ofList(app.read, slug, await subscribers.findList(app.read, list))
    : await find(app.read, slug)
  return { list: await slugOf(app.read, segment.list_id), only: await condition(app.read, segment, instant(app.now())) }
}

/** All segments with the slugs of their lists, in the order in which they were made. */
export async function all(db: Db): Promise<(Segment & { list: string })[]> {
  return db
    .selectFrom('segment')
    .innerJoin('list', 'list.id', 'segment.list_id')
    .selectAll('segment')
    .select('list.slug as list')
    .orderBy('segment.id')
    .execute()
}

/** Takes a segment away; a Problem while a digest goes to it. */
export async function remove(app: App, actor: Actor, slug: string): Promise<void> {
  await app.db.transaction().execute(async (db) => {
    const segment = await find(db, slug)
    const used = await db.selectFrom('digest').select('slug').where('segment_id', '=', segment.id).executeTakeFirst()
    if (used) throw new Problem('segment-in-use', { slug, digest: used.slug })
    await db.deleteFrom('segment').where('id', '=', segment.id).execute()
    await changes.record(db, actor, instant(app.now()), [
      { verb: 'segment.remove', subject: `segment:${slug}`, before: { rule: JSON.parse(segment.rule) } },
    ])
  })
}

/**
 * What must be true, at a moment, of a `subscription` to the segment's list and its `subscriber`. `among` says of which
 * subscribers alone it will be asked; `beside` takes what must be joined to them then.
 */
export async function condition(
  db: Db,
  segment: Meant,
  at: Instant,
  { among, beside }: { among?: Among; beside?: Beside } = {},
): Promise<subscribers.Condition> {
  const { zone } = await db.selectFrom('site').select('zone').executeTakeFirstOrThrow()
  const declared = await subscribers.fields(db)
  const numeric = new Set(declared.filter((field) => field.kind === 'number').map((field) => field.name))
  return compile(JSON.parse(segment.rule) as Rule, { kind: kindOf(db), at, zone, numeric, among, beside })
}

/** The same for a digest: undefined where it goes to the whole list. */
export async function conditionOf(
  db: Db,
  { segment_id }: { segment_id: number | null },
  at: Instant,
): Promise<subscribers.Condition | undefined> {
  if (segment_id === null) return undefined
  const segment = await db.selectFrom('segment').selectAll().where('id', '=', segment_id).executeTakeFirstOrThrow()
  return condition(db, segment, at)
}

/** Whether a digest goes to a subscription: to the whole list, or to a segment that it belongs to at this moment. */
export async function isMeant(
  db: Db,
  digest: { segment_id: number | null },
  subscriptionId: number,
  at: Instant,
): Promise<boolean> {
  const only = await conditionOf(db, digest, at)
  if (!only) return true
  const row = await db
    .selectFrom('subscription')
    .innerJoin('subscriber', 'subscriber.id', 'subscription.subscriber_id')
    .select('subscription.id')
    .where('subscription.id', '=', subscriptionId)
    .where(only)
    .executeTakeFirst()
  return row !== undefined
}

/** Whom a segment means, in a sentence of this language; `seen`: the lists that it may name, by their slugs. */
export async function inWords(db: Db, segment: Meant, language: string, seen?: readonly string[]): Promise<string> {
  const lists = await db.selectFrom('list').select(['id', 'slug', 'title']).execute()
  const own = lists.find((list) => list.id === segment.list_id)!
  const fields = await subscribers.fields(db)
  return explain(language, own.title, JSON.parse(segment.rule), {
    lists: new Map(lists.filter(({ slug }) => seen?.includes(slug) ?? true).map(({ slug, title }) => [slug, title])),
    fields: new Map(fields.map((field) => [field.name, field.title])),
  })
}

/** The list that a rule's readers are on for certain, if it says so. */
function listOf(rule: Rule): string | undefined {
  if ('list' in rule) return rule.list
  return 'and' in rule ? rule.and.map(listOf).find((slug) => slug !== undefined) : undefined
}

/** The rule with each field's values as its kind is kept; a Problem where a field is not declared or a value does not fit. */
function fitted(rule: Rule, declared: subscribers.Field[]): Rule {
  if ('and' in rule) return { and: rule.and.map((one) => fitted(one, declared)) }
  if ('or' in rule) return { or: rule.or.map((one) => fitted(one, declared)) }
  if ('not' in rule) return { not: fitted(rule.not, declared) }
  return 'field' in rule ? { field: fittedTest(rule.field, declared) } : rule
}

function fittedTest(test: FieldTest, declared: subscribers.Field[]): FieldTest {
  const field = declared.find((one) => one.name === test.name)
  if (!field) throw new Problem('field-not-found', { value: test.name })
  const unfit = () => new Problem('field-test', { name: field.name, kind: field.kind })
  const value = (one: string | number) => {
    if (field.kind !== 'number') return String(one)
    if (typeof one !== 'number') throw unfit()
    return one
  }
  if ('is' in test) return { name: test.name, is: value(test.is) }
  if ('in' in test) return { name: test.name, in: test.in.map(value) }
  if (('at_least' in test || 'at_most' in test) && field.kind !== 'number') throw unfit()
  if (('after' in test || 'before' in test) && field.kind !== 'date') throw unfit()
  if (('begins' in test || 'contains' in test) && field.kind === 'number') throw unfit()
  return test
}

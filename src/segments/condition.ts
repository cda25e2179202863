import { type Expression, type RawBuilder, type SelectQueryBuilder, type SqlBool, sql } from 'kysely'
import type { Kind } from '../../db/columns.ts'
import { foldedIn } from '../../db/folding.ts'
import { type Instant, instant, later } from '../../db/instant.ts'
import { any, like } from '../../db/like.ts'
import { domain, field, numberField } from '../../db/readers.ts'
import { about, type Condition, joined, speaks } from '../subscribers/index.ts'
import { fold } from '../text.ts'
import type { Count, FieldTest, Rule, Span } from './rule.ts'

/** Subscribers by their ids: `above` < id <= `upTo`. */
export type Among = { above: number; upTo: number }

/** What is gathered for everybody at once, to be joined to each: where all are asked, nobody's is then looked up alone. */
export type Beside = RawBuilder<unknown>[]

/**
 * What a rule is read by: its moment, the zone in which its days begin, and the fields that hold numbers. `among` are the only
 * subscribers that are asked for: PostgreSQL would not guess that of what else it reads for them. What belongs `beside` the
 * two tables is added there, if the reader of this rule will join it.
 */
export type Reading = {
  kind: Kind
  at: Instant
  zone: string
  numeric: ReadonlySet<string>
  among?: Among | undefined
  beside?: Beside | undefined
}

const DAY = 86_400_000
const MOST_BESIDE = 8
/** How a letter looks, and when it comes, a pause too: by these verbs the trail tells of what a reader chose anew. */
const PREFERRED = ['subscription.prefer', 'subscription.hour']

/** A rule as a condition on `subscription` and its `subscriber`; every value of it is bound. */
export function compile(rule: Rule, reading: Reading): Condition {
  if ('and' in rule) return about.and(rule.and.map((one) => compile(one, reading)))
  if ('or' in rule) return about.or(rule.or.map((one) => compile(one, reading)))
  // What is unknown is not true: a reader without a city is not in Aleppo.
  if ('not' in rule) return about.not(about.fn.coalesce(compile(rule.not, reading), sql<SqlBool>`false`))
  if ('field' in rule) return ofField(rule.field, reading)
  if ('list' in rule) return alsoReads(rule.list, reading)
  if ('domain' in rule) return about.or(rule.domain.map((name) => at(name, reading.kind)))
  if ('language' in rule) return about.or(rule.language.map(speaks))
  if ('format' in rule) return about('subscription.format', '=', rule.format)
  if ('zone' in rule) return about('subscription.zone', 'in', rule.zone)
  if ('joined' in rule) return inSpan(joined(), rule.joined, reading)
  if ('confirmed' in rule) return rule.confirmed ? byPress() : about.not(byPress())
  if ('changed' in rule) return changed(rule.changed, reading)
  if ('letters' in rule) return letters(rule.letters, reading)
  return bounces(rule.bounces, reading)
}

function ofField(test: FieldTest, reading: Reading): Condition {
  const { kind, numeric } = reading
  const value = numeric.has(test.name) ? numberField(kind, test.name) : field(kind, test.name)
  if ('is' in test) return about(value, '=', test.is)
  if ('in' in test) return about(value, 'in', test.in)
  if ('empty' in test) return about(value, test.empty ? 'is' : 'is not', null)
  if ('begins' in test) return spelled(test, reading, test.begins, (part) => [part, any])
  if ('contains' in test) return spelled(test, reading, test.contains, (part) => [any, part, any])
  const { at_least, at_most, after, before } = test as Record<string, string | number | undefined>
  return about.and([
    ...(at_least !== undefined ? [about(value, '>=', at_least)] : []),
    ...(at_most !== undefined ? [about(value, '<=', at_most)] : []),
    ...(after !== undefined ? [about(value, '>=', after)] : []),
    ...(before !== undefined ? [about(value, '<', before)] : []),
  ])
}

/** As search compares texts; of which nothing is left then is in none. */
function spelled(
  { name }: FieldTest,
  { kind, beside }: Reading,
  typed: string,
  pattern: (part: string) => (string | typeof any)[],
): Condition {
  const part = fold(typed)
  if (!part) return sql<SqlBool>`false`
  const value = field(kind, name)
  const says = (text: Expression<string | null>) => like(foldedIn(kind, text), ...pattern(part))
  if (!hasRoom(beside)) return says(value)
  // Most fields hold the same few texts, and to fold one takes longer than to find it again. `max`, as the condition would
  // else be asked of every text before they are brought together.
  const held = sql<string>`select held.value from (select ${value} as value from subscriber where fields is not null) as held
    group by held.value having ${says(sql`max(held.value)`)}`
  return isAmong(value, held, beside)
}

/** For a few: each takes memory. */
function hasRoom(beside: Beside | undefined): beside is Beside {
  return beside !== undefined && beside.length < MOST_BESIDE
}

/** Whether a value is one of those, which are gathered by a query of their own before anything else. */
function isAmong<T>(value: Expression<T>, those: Expression<unknown>, beside: Beside): Condition {
  const own = sql.table(`beside_${beside.length}`)
  beside.push(sql`left join unnest(array(${those})) as ${own} (value) on ${own}.value = ${value}`)
  return sql<SqlBool>`${own}.value is not null`
}

function alsoReads(slug: string, reading: Reading): Condition {
  return about.exists(
    about
      .selectFrom('subscription as other')
      .select('other.id')
      .where('other.list_id', '=', (eb) => eb.selectFrom('list').select('list.id').where('list.slug', '=', slug))
      .whereRef('other.subscriber_id', '=', 'subscription.subscriber_id')
      .where('other.state', '=', 'active')
      .where(within('other', reading)),
  )
}

function at(name: string, kind: Kind): Condition {
  if (!name.startsWith('*.')) return about(domain(kind), '=', name)
  return about.or([about(domain(kind), '=', name.slice(2)), like(domain(kind), any, name.slice(1))])
}

/** Who pressed the button of a confirmation, and was not only brought here by a file. */
function byPress(): Condition {
  return about.fn.coalesce(
    sql<SqlBool>`${about.ref('subscription.confirmed_at')} >= ${about.ref('subscription.requested_at')}`,
    sql<SqlBool>`false`,
  )
}

function inSpan(moment: Expression<number>, span: Span, { at, zone }: Reading): Condition {
  const { after, before, within: last } = span
  return about.and([
    ...(after !== undefined ? [about(moment, '>=', momentOf(after, zone))] : []),
    ...(before !== undefined ? [about(moment, '<', momentOf(before, zone))] : []),
    ...(last !== undefined ? [about(moment, '>=', since(last, at))] : []),
  ])
}

/** Only what readers did themselves, not what was done for them. */
function changed(span: Span, reading: Reading): Condition {
  const subject = sql<string>`'subscription:' || ${about.ref('subscription.id')}`
  return about.exists(
    about
      .selectFrom('change')
      .select('change.id')
      .where('change.subject', '=', subject)
      .where(sql<boolean>`change.actor || '' = 'reader'`) // what is about each, not all that readers ever did
      .where('change.verb', 'in', PREFERRED)
      .where(inSpan(about.ref('change.at' as never), span, reading)),
  )
}

function letters(count: Count, reading: Reading): Condition {
  const { at } = reading
  const editions = about
    .selectFrom('edition')
    .select('edition.id')
    .where('edition.state', '!=', 'skipped')
    .$if(count.within !== undefined, (query) => query.where('edition.composed_at', '>=', since(count.within!, at)))
  const sent = about
    .selectFrom('delivery as one')
    .where('one.edition_id', 'in', editions)
    .where('one.state', '=', 'submitted')
    .where(within('one', reading))
  return inCount(sent as never, count, reading)
}

function bounces(count: Count, reading: Reading): Condition {
  const { at } = reading
  const back = about
    .selectFrom('bounce as one')
    .where('one.kind', 'not in', ['leaving', 'delayed'])
    .where(within('one', reading))
    .$if(count.within !== undefined, (query) => query.where('one.at', '>=', since(count.within!, at)))
  return inCount(back as never, count, reading)
}

type OfSubscribers = SelectQueryBuilder<{ one: { subscriber_id: number }; subscription: { subscriber_id: number } }, 'one' | 'subscription', object> // biome-ignore format: one line

/** Whether there are so many is answered by that row, without counting the rest. */
function inCount(rows: OfSubscribers, { at_least, at_most }: Count, { beside }: Reading): Condition {
  const own = rows.select('one.subscriber_id').whereRef('one.subscriber_id', '=', 'subscription.subscriber_id')
  const more = (n: number) => {
    if (n === 0) return about.exists(own)
    if (hasRoom(beside)) return isAmong(about.ref('subscription.subscriber_id'), many(rows, n), beside)
    return about.exists(own.limit(sql.lit(1)).offset(sql.lit(n)))
  }
  return about.and([
    ...(at_least !== undefined ? [more(at_least - 1)] : []),
    ...(at_most !== undefined ? [about.not(more(at_most))] : []),
  ])
}

/** Those who have more than so many. */
function many(rows: OfSubscribers, n: number): RawBuilder<unknown> {
  const all = rows.select('one.subscriber_id').groupBy('one.subscriber_id')
  return sql`${all.having(sql`count(*)`, '>', n)}`
}

function within(table: string, { among, kind }: Reading): Condition {
  const id = sql.ref(`${table}.subscriber_id`)
  if (!among || kind === 'sqlite') return sql<SqlBool>`true`
  return sql<SqlBool>`${id} > ${among.above} and ${id} <= ${among.upTo}`
}

/** A day begins where the paper is. */
function momentOf(typed: string, zone: string): Instant {
  if (!/^\d{4}-\d\d-\d\d$/.test(typed)) return instant(Temporal.Instant.from(typed))
  return instant(Temporal.PlainDate.from(typed).toZonedDateTime(zone).toInstant())
}

function since(within: string, at: Instant): Instant {
  return later(at, -Number.parseInt(within, 10) * DAY)
}

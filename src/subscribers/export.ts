import type { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setImmediate } from 'node:timers/promises'
import { type Instant, moment } from '../../db/instant.ts'
import type { Db } from '../../db/schema.ts'
import type { App } from '../app.ts'
import { writeRows } from '../spreadsheets/index.ts'
import type { Condition } from './conditions.ts'
import { fields } from './fields.ts'
import { homeOfList, pauseDay, timeOf, weekdayNames } from './hours.ts'
import { findList } from './lists.ts'
import { wishesOf } from './wishes.ts'

const PAGE = 1000
const HEADER = [
  'email',
  'name',
  'language',
  'state',
  'format',
  'zone',
  'subscribed_at',
  'left_at',
  'at',
  'weekdays',
  'paused_until',
  'sections',
]

/**
 * Writes the list's readers as CSV, page by page, and answers how many; our import reads it back. With a condition (a
 * segment's) only the active ones of whom it is true. Declared fields follow the columns that everybody has. The output
 * stays open.
 */
export async function exportCsv(app: App, list: string, output: Writable, only?: Condition): Promise<number> {
  const { id } = await findList(app.db, list)
  let count = -1
  async function* counted(): AsyncGenerator<string[]> {
    for await (const row of rows(app.read, id, only)) {
      count++
      yield row
    }
  }
  await writeRows(counted(), output)
  return count
}

/** The same as a JSON array, one reader a line. */
export async function exportJson(app: App, list: string, output: Writable, only?: Condition): Promise<number> {
  const { id } = await findList(app.db, list)
  let count = -1
  async function* pieces(): AsyncGenerator<string> {
    let header: string[] = []
    for await (const row of rows(app.read, id, only)) {
      if (++count === 0) {
        header = row
        yield '['
      } else
        yield `${count > 1 ? ',' : ''}\n${JSON.stringify(Object.fromEntries(header.map((name, n) => [name, row[n]])))}`
    }
    yield '\n]\n'
  }
  await pipeline(pieces(), output, { end: false })
  return count
}

/** The header, then a row for each reader. */
async function* rows(db: Db, list: number, only: Condition | undefined): AsyncGenerator<string[]> {
  const declared = (await fields(db)).map((field) => field.name)
  const home = await homeOfList(db, list)
  yield [...HEADER, ...declared]
  for await (const row of everyone(db, list, only)) {
    const values: Record<string, string | number> = row.fields === null ? {} : JSON.parse(row.fields)
    yield [
      row.address!,
      row.name ?? '',
      row.language,
      row.suppressed === null ? row.state : 'suppressed',
      row.format,
      row.zone ?? '',
      written(row.confirmed_at ?? row.created_at),
      written(row.left_at),
      row.minute === null ? '' : timeOf(row.minute),
      weekdayNames(row.weekdays),
      row.paused_until === null ? '' : pauseDay(row.paused_until, row.zone ?? home),
      listed(wishesOf(row).sections),
      ...declared.map((name) => String(values[name] ?? '')),
    ]
  }
}

/**
 * With a condition each statement looks at so many ids, however few of them it is true of: the web server has its turn
 * between.
 */
async function* everyone(db: Db, list: number, only: Condition | undefined) {
  const end = only ? await newest(db) : 0
  for (let last = 0; ; ) {
    const rows = await db
      .selectFrom('subscription')
      .innerJoin('subscriber', 'subscriber.id', 'subscription.subscriber_id')
      .leftJoin('suppression', 'suppression.address_hash', 'subscriber.address_hash')
      .selectAll('subscription')
      .select(['subscriber.address', 'subscriber.name', 'subscriber.fields', 'suppression.id as suppressed'])
      .where('list_id', '=', list)
      .where('subscription.id', '>', last)
      .where('subscriber.address', 'is not', null)
      .$if(only !== undefined, (query) =>
        query
          .where('subscription.id', '<=', last + PAGE)
          .where('state', '=', 'active')
          .where(only!),
      )
      .orderBy('subscription.id')
      .limit(PAGE)
      .execute()
    yield* rows
    if (only ? last + PAGE >= end : rows.length < PAGE) return
    last = only ? last + PAGE : rows.at(-1)!.id
    await setImmediate()
  }
}

async function newest(db: Db): Promise<number> {
  const row = await db
    .selectFrom('subscription')
    .select(({ fn }) => fn.max('id').as('id'))
    .executeTakeFirst()
  return row?.id ?? 0
}

function listed(sections: string[]): string {
  return sections.some((key) => /[,;،؛[]/.test(key)) ? JSON.stringify(sections) : sections.join(',')
}

function written(at: Instant | null): string {
  return at === null ? '' : moment(at).toString()
}

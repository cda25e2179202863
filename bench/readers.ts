/*
 * Finding readers among a million, and counting segments, on both databases: how long each takes, how long it holds this
 * process, and what the indexes for it cost an import.
 *
 *   node bin/node26.js bench/readers.ts [--readers 1000000] [--only sqlite|postgres] [--data FOLDER] [--postgres URL]
 *
 * The reference is reading every row of the two tables once by a plain statement: a first page should cost less than that.
 * `--data` and `--postgres` name what an earlier
 * run has filled. PostgreSQL is otherwise one of our own on 127.0.0.1, without fsync, where its programs are installed. Of three rounds the best counts.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { sql } from 'kysely'
import { instant, later } from '../db/instant.ts'
import type { App } from '../src/app.ts'
import { readConfig } from '../src/config.ts'
import { openApp } from '../src/open.ts'
import * as segments from '../src/segments/index.ts'
import * as subscribers from '../src/subscribers/index.ts'
import { start } from '../test/postgres.ts'
import { crowd } from './crowd.ts'

const { values } = parseArgs({
  options: {
    readers: { type: 'string', default: '1000000' },
    postgres: { type: 'string' },
    data: { type: 'string' },
    only: { type: 'string' },
  },
})
const readers = Number(values.readers)
const PROGRAMS = '/usr/lib/postgresql/15/bin'
const YEAR = 365 * 86_400_000
const RULES = {
  'a language and a domain': { and: [{ language: 'ar' }, { not: { domain: 'gmail.com' } }] },
  'a field': { field: { name: 'city', is: 'حلب' } },
  'also on another list': { list: 'weekly' },
  'letters of 90 days': { letters: { at_least: 1, within: '90d' } },
  'letters came back': { bounces: { at_least: 1 } },
  'part of a field': { field: { name: 'city', contains: 'ISTANBUL' } },
  'a subdomain': { domain: '*.example' },
  'at most three letters': { letters: { at_most: 3 } },
  'no letter of 90 days': { letters: { at_most: 0, within: '90d' } },
  'changed lately': { changed: { within: '90d' } },
  'joined lately': { joined: { within: '90d' } },
  'confirmed by a press': { confirmed: true },
  'a zone or a format': { or: [{ zone: 'Europe/Berlin' }, { format: 'text' }] },
}

if (values.only !== 'postgres') await measure('sqlite', undefined)
if (values.only === 'sqlite') process.exit()
if (values.postgres) await measure('postgres', values.postgres)
else {
  const server = await start(PROGRAMS)
  try {
    await measure('postgres', server.url)
  } finally {
    await server.stop()
  }
}

async function measure(name: string, database: string | undefined): Promise<void> {
  const folder = values.data ?? mkdtempSync(join(tmpdir(), 'nashra-readers-'))
  const env = { NASHRA_DATA: folder, NASHRA_URL: 'https://news.example', NASHRA_LOG: 'warn' }
  const app = await openApp(readConfig({ ...env, ...(database && { NASHRA_DATABASE: database }) }))
  try {
    await fill(app)
    console.log(`${name}, ${readers} readers`)
    const whole = sql`select count(*) from subscription join subscriber on subscriber.id = subscriber_id where zone is null and name is not null`
    const reference = await best(() => whole.execute(app.read))
    const figures = { 'every row once (the reference)': reference, ...(await finding(app)), ...(await counting(app)) }
    console.table(
      Object.entries(figures).map(([what, { ms, held }]) => ({
        what,
        ms: Math.round(ms * 10) / 10,
        'of the reference': (ms / reference.ms).toFixed(3),
        'held this process for': `${held.toFixed(0)} ms`,
      })),
    )
  } finally {
    await app.database.close()
    if (!values.data) rmSync(folder, { recursive: true, force: true })
  }
}

async function fill(app: App): Promise<void> {
  const known = await app.db.selectFrom('subscriber').select('id').limit(1).executeTakeFirst()
  if (!known) {
    console.log(`filling: ${(await seconds(() => crowd(app, readers))).toFixed(1)} s`)
    console.log(`learning names: ${(await seconds(() => subscribers.learnNames(app))).toFixed(1)} s`)
    if (app.database.kind === 'postgres') await sql`analyze`.execute(app.db)
  }
  if ((await subscribers.fields(app.db)).length === 0) await subscribers.addField(app, 'bench', { name: 'city' })
  for (const [n, rule] of Object.values(RULES).entries())
    if (!(await segments.all(app.read)).some((one) => one.slug === `bench-${n}`))
      await segments.add(app, 'bench', { slug: `bench-${n}`, list: 'morning', rule: JSON.stringify(rule) })
}

type Figure = { ms: number; held: number }

async function finding(app: App): Promise<Record<string, Figure>> {
  const some = await app.read
    .selectFrom('subscriber')
    .select('address')
    .where('id', '=', Math.floor(readers * 0.7))
    .executeTakeFirstOrThrow()
  const address = some.address!
  const now = instant(app.now())
  const wanted: Record<string, subscribers.Wanted> = {
    'an address': { search: address },
    'how an address begins': { search: address.slice(0, 11) },
    'how every address begins': { search: 'reader' },
    'a common name': { search: 'محمد' },
    'two words of a name': { search: 'ادريس اتاسي' },
    'one letter': { search: 'م' },
    'a name that nobody has': { search: 'زرزور' },
    'a list': { list: 'morning' },
    'a state': { list: 'morning', state: 'pending' },
    'a language of few': { language: 'ku' },
    'a language of nobody': { list: 'morning', language: 'sw' },
    'a large domain': { domain: 'gmail.com' },
    'a small domain': { domain: 'paper7.example' },
    'joined lately': { list: 'morning', joinedAfter: later(now, -3 * 86_400_000) },
    'joined before anybody did': { list: 'morning', joinedBefore: later(now, -9 * YEAR) },
    suppressed: { suppressed: true },
    'may be written to': { list: 'morning', state: 'active', suppressed: false },
  }
  const figures: Record<string, Figure> = {}
  for (const [what, one] of Object.entries(wanted)) figures[what] = await best(() => subscribers.find(app.read, one))
  return figures
}

async function counting(app: App): Promise<Record<string, Figure>> {
  const figures: Record<string, Figure> = {}
  for (const [n, what] of Object.keys(RULES).entries()) {
    const segment = await segments.find(app.read, `bench-${n}`)
    figures[`count: ${what}`] = await best(() => segments.count(app, segment))
  }
  return figures
}

async function best(work: () => Promise<unknown>): Promise<Figure> {
  const figures: Figure[] = []
  for (let round = 0; round < 3; round++) figures.push(await timed(work))
  return figures.sort((a, b) => a.ms - b.ms)[0]!
}

/** `held`: the longest time in which a timer of one millisecond did not come. */
async function timed(work: () => Promise<unknown>): Promise<Figure> {
  let held = 0
  let last = performance.now()
  const tick = setInterval(() => {
    held = Math.max(held, performance.now() - last)
    last = performance.now()
  }, 1)
  const from = performance.now()
  await work()
  const ms = performance.now() - from
  clearInterval(tick)
  return { ms, held: Math.max(held, performance.now() - last) }
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const from = performance.now()
  await work()
  return (performance.now() - from) / 1000
}

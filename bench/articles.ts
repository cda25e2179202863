/*
 * How a paper of many articles answers: import, pages, search, and what publishing one more costs its feeds.
 *
 *   node bin/node26.js bench/articles.ts [articles=100000] [postgres://…, an empty database; SQLite without]
 *
 * The import is held against `sqlite3 .import` of the same rows in the same run; pages are made anew for every request.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { createReadStream, mkdtempSync, rmSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import type { Instant } from '../db/instant.ts'
import type { App } from '../src/app.ts'
import * as articles from '../src/articles/index.ts'
import * as channels from '../src/channels.ts'
import { readConfig } from '../src/config.ts'
import { openApp } from '../src/open.ts'
import * as site from '../src/site.ts'
import { formats } from '../src/syndication/index.ts'
import { openDocuments } from '../src/web/feed-documents.ts'
import { knowPaper } from '../src/web/feed-paper.ts'
import { feedTarget } from '../src/web/feed-paths.ts'
import { openReport } from '../src/web/feed-report.ts'
import { handler } from '../src/web/server.ts'
import { story, WORDS } from './stories.ts'

const COUNT = Number(process.argv[2] ?? 100_000)
const database = process.argv[3]
const ROUNDS = 40
const folder = mkdtempSync(join(tmpdir(), 'nashra-bench-'))
const app = await openApp(
  readConfig({
    NASHRA_DATA: folder,
    NASHRA_URL: 'https://news.example',
    NASHRA_LOG: 'warn',
    ...(database && { NASHRA_DATABASE: database }),
  }),
)
try {
  await write(folder)
  await importAll(app, folder)
  if (database) await settle(app)
  await pages(app)
  await feeds(app)
} finally {
  await app.database.close()
  rmSync(folder, { recursive: true, force: true })
}

async function write(folder: string): Promise<void> {
  const lines = await open(join(folder, 'articles.jsonl'), 'w')
  const table = await open(join(folder, 'articles.tsv'), 'w')
  for (let start = 0; start < COUNT; start += 1000) {
    const rows = Array.from({ length: Math.min(1000, COUNT - start) }, (_, n) => story(start + n, COUNT))
    await lines.write(rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
    await table.write(rows.map((row) => `${Object.values(row).join('\t')}\n`).join(''))
  }
  await lines.close()
  await table.close()
}

/** Articles a second, ours against those of the plainest way to bring rows into SQLite. */
async function importAll(app: App, folder: string): Promise<void> {
  const slugs = [['sport', 'section', 'رياضة'], ['economy', 'section', 'اقتصاد'], ['arabic', 'language', 'ar']] as const // biome-ignore format: one table
  for (const [slug, kind, name] of slugs)
    await channels.add(app, 'cli', { slug, title: slug, filter: { [kind]: [name] } })
  await channels.add(app, 'cli', { slug: 'tagged', title: 'tagged', filter: { tag: ['وسم7'] } })
  const cpu = process.cpuUsage()
  const ours = await seconds(async () => {
    await articles.importLines(app, 'cli', createReadStream(join(folder, 'articles.jsonl')))
  })
  const used = process.cpuUsage(cpu)
  console.log(
    `import      ${COUNT} articles in ${ours.toFixed(1)} s, ${Math.round(COUNT / ours)}/s, ${((used.user + used.system) / 1000 / COUNT).toFixed(2)} ms of CPU each`,
  )
  if (spawnSync('sqlite3', ['-version']).error) return console.log('There is no sqlite3 here to hold it against.')
  const theirs = await seconds(async () => {
    const columns = Object.keys(story(0, 1)).join(', ')
    execFileSync('sqlite3', [
      join(folder, 'reference.db'),
      `create table article (${columns})`,
      '.mode tabs',
      `.import ${join(folder, 'articles.tsv')} article`,
    ])
  })
  console.log(
    `sqlite3     the same rows by .import in ${theirs.toFixed(1)} s, ${Math.round(COUNT / theirs)}/s; ratio ${(theirs / ours).toFixed(3)}`,
  )
}

/** What PostgreSQL does by itself a minute later. */
async function settle(app: App): Promise<void> {
  const { sql } = await import('kysely')
  for (const table of ['article', 'article_search', 'article_tag', 'article_author', 'tag'])
    await sql`vacuum analyze ${sql.table(table)}`.execute(app.db)
}

async function pages(app: App): Promise<void> {
  const web = handler(app)
  const now = app.now().epochMilliseconds as Instant
  const all = await articles.latest(app.read, { now, limit: 50 })
  const search = (words: string) => `/search?q=${encodeURIComponent(words)}`
  const cases: [string, (n: number) => string][] = [
    ['home', () => '/'],
    ['page 2000', () => '/page/2000'],
    ['channel by section', () => '/c/sport'],
    ['channel by section, page 500', () => '/c/sport/page/500'],
    ['channel by tag', () => '/c/tagged'],
    ['article', (n) => `/a/${all[n % 50]!.public_id}/${encodeURIComponent(all[n % 50]!.title.replaceAll(' ', '-'))}`],
    ['search: in none', () => search('لاشيءمثله')],
    ['search: in five articles', () => search(WORDS.rare)],
    ['search: in a tenth', () => search(WORDS.common)],
    ['search: in every one', () => search(WORDS.every)],
    ['search: in every one, page 50', () => `${search(WORDS.every)}&page=50`],
    ['search: in every one and a rare one', () => search(`${WORDS.every} ${WORDS.rare}`)],
    ['search: eight letters', () => search('ا ب م ر س ي ن و')],
    ['search: eight beginnings', () => search('الم الا مست متا است تست مرا سيا')],
  ]
  const rows = []
  for (const [name, path] of cases) rows.push({ page: name, ...(await measure(app, web, path)) })
  console.table(rows)
}

async function measure(app: App, web: ReturnType<typeof handler>, path: (n: number) => string) {
  const times: number[] = []
  const used: number[] = []
  let status = 0
  for (let n = -3; n < ROUNDS; n++) {
    await site.touch(app.db) // nothing kept is good any more
    const from = performance.now()
    const spent = await cpu(async () => {
      let answer = await web.request(path(n + 3))
      if (answer.status === 301) answer = await web.request(answer.headers.get('location')!)
      await answer.text()
      status = answer.status
    })
    if (n < 0) continue
    times.push(performance.now() - from)
    used.push(spent)
  }
  return { 'median ms': at(times, 0.5), 'p99 ms': at(times, 0.99), 'CPU ms': at(used, 0.5), status }
}

/** CPU of one more article and of the three documents, in three codings each, of a channel of fifty. */
async function feeds(app: App): Promise<void> {
  const documents = openDocuments(app, knowPaper(app), openReport(app))
  async function build() {
    for (const format of formats) await documents.fetch(feedTarget(`/feeds/all.${format}`)!)
    return documents.fetch(feedTarget('/feeds/all.rss')!)
  }
  await build()
  const publishing: number[] = []
  const building: number[] = []
  for (let n = 0; n < ROUNDS; n++) {
    const { tags, ...row } = story(COUNT + n, COUNT)
    const read = articles.readRow({ ...row, tags, published_at: Date.now() - 1000 }, { language: 'ar', zone: 'UTC' })
    if ('reason' in read) throw new Error(read.reason)
    publishing.push(await cpu(() => articles.publish(app, 'cli', [read.draft])))
    await setTimeout(database ? 300 : 1) // PostgreSQL's changes are noticed within 250 ms, SQLite's in the next turn
    building.push(await cpu(build))
  }
  const bytes = await build()
  const size = Object.entries(bytes!.bodies).map(([coding, body]) => `${coding} ${Math.round(body.length / 1024)} KB`)
  console.table([
    { 'CPU of': 'publishing one article', ...spread(publishing) },
    { 'CPU of': 'its channel in RSS, Atom and JSON, each plain, gzip and br', ...spread(building) },
  ])
  console.log(`all.rss     ${size.join(', ')}`)
}

async function cpu(work: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}

function spread(times: number[]) {
  return { 'median ms': at(times, 0.5), 'p99 ms': at(times, 0.99) }
}

/** The value below which this share of the values lies. */
function at(values: number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return Number(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!.toFixed(1))
}

async function seconds(work: () => Promise<void>): Promise<number> {
  const from = performance.now()
  await work()
  return (performance.now() - from) / 1000
}

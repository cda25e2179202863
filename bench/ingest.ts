/*
 * How many entries of a partner's feed are read in a second, against `rss-parser` alone on the same bytes.
 *
 *   node bin/node26.js bench/ingest.ts [entries=1000]
 *
 * The parser alone neither decodes nor cleans and reads dates its own way: it is the floor. Reading is what `source poll`
 * does with the bytes, in its worker, which is warm; storing adds that each becomes an article in SQLite. In turns; of five
 * rounds the median counts.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Parser from 'rss-parser'
import { instant } from '../db/instant.ts'
import type { App } from '../src/app.ts'
import { readConfig } from '../src/config.ts'
import * as intake from '../src/intake/index.ts'
import { openApp } from '../src/open.ts'
import * as reading from '../src/reading/index.ts'
import * as sources from '../src/sources/index.ts'
import { story } from './stories.ts'

const ENTRIES = Number(process.argv[2] ?? 1000)
const ROUNDS = 5
const bytes = Buffer.from(document())
let partners = 0

const folder = mkdtempSync(join(tmpdir(), 'nashra-bench-'))
const app = await openApp(readConfig({ NASHRA_DATA: folder, NASHRA_URL: 'https://news.example', NASHRA_LOG: 'warn' }))
try {
  await compare(app)
} finally {
  await reading.close()
  await app.database.close()
  rmSync(folder, { recursive: true, force: true })
}

async function compare(app: App): Promise<void> {
  const sides = { parser, reading: () => read(app).then(() => undefined), storing: () => store(app) }
  const times = { parser: [] as number[], reading: [] as number[], storing: [] as number[] }
  for (const side of Object.values(sides)) await side() // warm
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, side] of Object.entries(sides)) times[name as keyof typeof times].push(await seconds(side))
  }
  const floor = median(times.parser)
  console.log(`${ENTRIES} Arabic entries, ${(bytes.length / 1e6).toFixed(1)} MB, median of ${ROUNDS}`)
  console.table(
    Object.entries(times).map(([name, all]) => ({
      what: name === 'parser' ? 'rss-parser alone' : name === 'reading' ? 'reading' : 'reading and storing',
      'entries/s': Math.round(ENTRIES / median(all)),
      'of the floor': `${((floor / median(all)) * 100).toFixed(0)} %`,
    })),
  )
}

async function parser(): Promise<void> {
  const { items } = await new Parser().parseString(bytes.toString())
  if (items.length !== ENTRIES) throw new Error(`${items.length} entries`)
}

async function read(app: App): Promise<reading.Document> {
  const read = await reading.read(bytes, {
    url: 'https://partner.example/feed/',
    language: 'ar',
    zone: 'Europe/Istanbul',
    dateOrder: 'auto',
    now: instant(app.now()),
  })
  if (read.items.length !== ENTRIES) throw new Error(`${read.items.length} entries`)
  return read
}

/** As a source that has not been read before: every entry becomes an article. */
async function store(app: App): Promise<void> {
  const source = await sources.add(app, 'cli', `https://partner.example/${partners++}/feed/`, {})
  const { items, deleted } = await read(app)
  const { added } = await intake.take(app, 'cli', source, { items, deleted, first: true, window: true })
  if (partners === 1 && added !== ENTRIES)
    // the same stories of another partner may be taken for one
    throw new Error(`${added} were added`)
}

function document(): string {
  const items = Array.from({ length: ENTRIES }, (_, n) => {
    const { guid, title, body_html, tags, byline, published_at } = story(n, ENTRIES)
    const categories = tags.split(',').map((tag) => `<category><![CDATA[${tag}]]></category>`)
    return `<item><title>${title}</title><link>https://partner.example/${n}/</link><guid isPermaLink="false">${guid}</guid><pubDate>${new Date(published_at).toUTCString()}</pubDate><dc:creator>${byline}</dc:creator>${categories.join('')}<content:encoded><![CDATA[${body_html}]]></content:encoded></item>`
  })
  return `<?xml version="1.0" encoding="UTF-8"?><rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>شريك</title><link>https://partner.example/</link><language>ar</language>${items.join('\n')}</channel></rss>`
}

async function seconds(work: () => Promise<void>): Promise<number> {
  const from = performance.now()
  await work()
  return (performance.now() - from) / 1000
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!
}

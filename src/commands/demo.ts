import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { Readable } from 'node:stream'
import type { Command } from 'commander'
import { instant, later } from '../../db/instant.ts'
import type { Actor, App } from '../app.ts'
import * as articles from '../articles/index.ts'
import * as channels from '../channels.ts'
import { type Config, readConfig } from '../config.ts'
import * as deliveries from '../deliveries/index.ts'
import * as digests from '../digests/index.ts'
import * as links from '../links.ts'
import * as media from '../media.ts'
import { openApp } from '../open.ts'
import { Problem } from '../problem.ts'
import * as site from '../site.ts'
import * as subscribers from '../subscribers/index.ts'
import { startWork } from './serving.ts'
import { command, openShell } from './shell.ts'

const SAMPLES = resolve(import.meta.dirname, '../../demo')
const ACTOR: Actor = 'demo'

/** One language's paper in the demo: a channel, a list, and its digest. */
const EDITIONS = [
  {
    language: 'ar',
    channel: 'arabic',
    list: 'nashra',
    digest: 'morning',
    at: '08:00',
    channelTitle: 'العربية',
    title: 'نشرة الصباح',
  },
  {
    language: 'tr',
    channel: 'turkce',
    list: 'bulten',
    digest: 'sabah',
    at: '08:00',
    channelTitle: 'Türkçe',
    title: 'Sabah Bülteni',
  },
  {
    language: 'en',
    channel: 'english',
    list: 'briefing',
    digest: 'briefing',
    at: '08:00',
    channelTitle: 'English',
    title: 'The Morning Briefing',
  },
]
const SECTIONS = [
  ['politics', 'سياسة'],
  ['economy', 'اقتصاد'],
  ['society', 'مجتمع'],
  ['culture', 'ثقافة'],
  ['sport', 'رياضة'],
] as const

/** `demo`: the main job on an empty machine, without any other service. */
export function demo(program: Command): void {
  command(program, 'demo', 'sample articles, feeds, pages and a digest, in ./demo-data').action(
    async (options: { json?: boolean }) => {
      const { openOutbox } = await import('../outbox.ts') // loaded by this command only
      const { outboxPages } = await import('../web/outbox.ts')
      const { openServer } = await import('../web/server.ts')
      const data = resolve('demo-data')
      const outbox = await openOutbox(join(data, 'outbox'))
      const closers: (() => Promise<void>)[] = [outbox.close]
      try {
        const app = await openApp(demoConfig(data, outbox.relay))
        closers.unshift(app.database.close)
        const shell = openShell(app.config, options.json === true)
        const secret = randomBytes(18).toString('base64url')
        const server = await openServer(app, { extra: outboxPages(app, outbox, secret) }) // first of all: a taken port ends it before anything is made
        closers.unshift(server.close)
        shell.say('Nashra demo: preparing articles, pictures, lists and readers …')
        await fill(app)
        const editions = await composeAndSend(app, shell.signal)
        shell.print(answer(app, editions, `${app.config.url}/admin/outbox/${secret}`, outbox.caught().length))
        shell.say(
          'It goes on serving; Ctrl+C ends it. Run it again and nothing is doubled; delete ./demo-data to begin anew.',
        )
        const stopWork = shell.signal.aborted ? async () => {} : await startWork(app)
        if (!shell.signal.aborted) await new Promise((resolve) => shell.signal.addEventListener('abort', resolve))
        await stopWork()
      } finally {
        for (const close of closers) await close()
      }
    },
  )
}

/** The demo keeps to its own folder and its own mail catcher, whatever the environment says of data and relays. */
function demoConfig(data: string, relay: string): Config {
  const { language, host, port, url, logLevel } = readConfig()
  const own = readConfig({ NASHRA_DATA: data, NASHRA_SMTP: `${relay}?connections=5&sign=no` })
  return { ...own, language, host, port, url, logLevel: logLevel === 'info' ? 'warn' : logLevel }
}

async function fill(app: App): Promise<void> {
  const paper = await app.db.selectFrom('site').selectAll().executeTakeFirstOrThrow()
  if (!paper.name) await introduce(app)
  await publishSamples(app)
  for (const { language, channel, list, digest, at, channelTitle, title } of EDITIONS) {
    await once(() => channels.add(app, ACTOR, { slug: channel, title: channelTitle, filter: { language: [language] } }))
    await once(() => subscribers.addList(app, ACTOR, { slug: list, title, language, public: true }))
    await once(() => digests.add(app, ACTOR, { slug: digest, title, channel, list, at, max: 10 }))
    await subscribers.importCsv(app, ACTOR, Readable.from([sampleReaders(language)]), { list })
  }
  for (const [slug, section] of SECTIONS)
    await once(() => channels.add(app, ACTOR, { slug, title: section, filter: { section: [section] } }))
}

async function introduce(app: App): Promise<void> {
  const logo = await media.keep(app, await readFile(join(SAMPLES, 'logo.svg')), 'drawing')
  await site.set(app, ACTOR, {
    name: 'جريدة الضفتين',
    tagline: 'أخبار تركيا بالعربية',
    language: 'ar',
    zone: 'Europe/Istanbul',
    sender: 'جريدة الضفتين <news@paper.example>',
    postal_address: 'شارع المرفأ 12، إسطنبول',
    logo_id: logo.id,
    about: await readFile(join(SAMPLES, 'about.html'), 'utf8'),
    contact: await readFile(join(SAMPLES, 'contact.html'), 'utf8'),
  })
}

type Sample = Record<string, unknown> & {
  guid: string
  hours_ago: number
  image?: { file: string; alt: string; caption: string; credit: string }
}

/** The samples that are not there yet, dated back from now; pictures are rasterised once. */
async function publishSamples(app: App): Promise<void> {
  const known = new Set(
    (await app.db.selectFrom('article').select('guid').where('source_id', '=', 0).execute()).map((row) => row.guid),
  )
  const samples = readFileSync(join(SAMPLES, 'articles.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Sample)
  const now = instant(app.now())
  const drafts = []
  for (const { hours_ago, image, ...row } of samples.filter((sample) => !known.has(sample.guid))) {
    const picture = image && (await media.keep(app, await readFile(join(SAMPLES, image.file)), 'drawing'))
    const read = articles.readRow(
      { ...row, published_at: later(now, -hours_ago * 3_600_000) },
      { language: 'ar', zone: 'Europe/Istanbul' },
    )
    if ('reason' in read) throw new Error(`sample ${row.guid}: ${read.reason}`)
    const { alt, caption, credit } = image ?? {}
    drafts.push({
      ...read.draft,
      ...(image && { image: { id: picture!.id, alt: alt!, caption: caption!, credit: credit! } }),
    })
  }
  await articles.publish(app, ACTOR, drafts)
}

function sampleReaders(language: string): string {
  const [header, ...rows] = readFileSync(join(SAMPLES, 'subscribers.csv'), 'utf8').trim().split('\n')
  return [header, ...rows.filter((row) => row.trim().endsWith(`,${language}`))].join('\n')
}

async function composeAndSend(app: App, signal: AbortSignal): Promise<digests.Composed[]> {
  const composed = []
  for (const { digest } of EDITIONS) composed.push(await digests.composeNow(app, ACTOR, digest))
  await deliveries.sendUntilEmpty(app, { wait: 0, signal })
  return composed
}

function answer(app: App, composed: digests.Composed[], outbox: string, letters: number) {
  const { url } = app.config
  return {
    home: `${url}/`,
    feeds: `${url}/feeds`,
    rss: links.feed(url, 'all', 'rss'),
    atom: links.feed(url, 'all', 'atom'),
    json: links.feed(url, 'all', 'json'),
    subscribe: `${url}/subscribe`,
    editions: composed.flatMap((one) => one.url ?? []),
    outbox,
    letters,
  }
}

/** Makes what is not there yet. */
async function once(make: () => Promise<unknown>): Promise<void> {
  try {
    await make()
  } catch (error) {
    if (!(error instanceof Problem && error.code === 'slug-taken')) throw error
  }
}

import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { Readable } from 'node:stream'
import { instant, later } from '../../../db/instant.ts'
import type { App } from '../../app.ts'
import * as articles from '../../articles/index.ts'
import * as channels from '../../channels.ts'
import * as digests from '../../digests/index.ts'
import * as media from '../../media.ts'
import * as site from '../../site.ts'
import * as subscribers from '../../subscribers/index.ts'
import { ACTOR, once } from './once.ts'

const SAMPLES = resolve(import.meta.dirname, '../../../demo')

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

/** Fills the demo with the sample paper: three languages, lists, readers, digests. Answers the digests' slugs. */
export async function fillWithSamples(app: App): Promise<string[]> {
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
  return EDITIONS.map(({ digest }) => digest)
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

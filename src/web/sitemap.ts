import { setImmediate } from 'node:timers/promises'
import type { Instant } from '../../db/instant.ts'
import type { App } from '../app.ts'
import * as articles from '../articles/index.ts'
import * as channels from '../channels.ts'
import * as digests from '../digests/index.ts'
import * as links from '../links.ts'
import * as site from '../site.ts'
import { escaped } from '../text.ts'

const MOST = 50_000 // addresses in one document: https://www.sitemaps.org/protocol.html
const MOST_EDITIONS = 20_000
const BATCH = 500

type Address = { url: string; at?: Instant }

/** All addresses, or, where they are more than one document may hold, the list of the documents that hold them. */
export async function sitemap(app: App, now: Instant): Promise<AsyncIterable<string>> {
  const own = await ownAddresses(app)
  const stories = await articles.count(app.read, { now })
  return own.length + stories <= MOST ? wholeMap(app, own, now) : index(app, now)
}

/** The paper's pages other than articles. */
export async function* ownMap(app: App): AsyncGenerator<string> {
  yield* document('urlset', lines('url', await ownAddresses(app)))
}

/** The articles of the n-th 50,000 ids; undefined where none of them can be read. */
export async function articleMap(app: App, now: Instant, n: number): Promise<AsyncIterable<string> | undefined> {
  const range = { after: (n - 1) * MOST, upTo: n * MOST }
  const [first] = await articles.listed(app.read, { ...range, now, limit: 1 })
  return first && document('urlset', addresses(app, now, range))
}

async function* wholeMap(app: App, own: Address[], now: Instant): AsyncGenerator<string> {
  const upTo = await articles.newestId(app.read)
  async function* all() {
    yield* lines('url', own)
    yield* addresses(app, now, { after: 0, upTo })
  }
  yield* document('urlset', all())
}

async function* index(app: App, now: Instant): AsyncGenerator<string> {
  const documents = Math.ceil((await articles.newestId(app.read)) / MOST)
  async function* all() {
    yield* lines('sitemap', [{ url: `${app.config.url}/sitemap-0.xml` }])
    for (let n = 1; n <= documents; n++) {
      if (await articleMap(app, now, n)) yield* lines('sitemap', [{ url: `${app.config.url}/sitemap-${n}.xml` }])
    }
  }
  yield* document('sitemapindex', all())
}

async function* addresses(app: App, now: Instant, { after, upTo }: { after: number; upTo: number }) {
  for (let last = after; ; ) {
    const stories = await articles.listed(app.read, { after: last, upTo, now, limit: BATCH })
    if (stories.length === 0) return
    yield* lines(
      'url',
      stories.map((story) => ({ url: links.article(app.config.url, story), at: story.updated_at })),
    )
    last = stories.at(-1)!.id
    await setImmediate() // SQLite answers at once: others would wait for the whole document
  }
}

async function ownAddresses(app: App): Promise<Address[]> {
  const base = app.config.url
  const paper = await site.show(app, app.read)
  const editions = await digests.editionDays(app.read, MOST_EDITIONS)
  const archives = await digests.archives(app.read)
  return [
    { url: `${base}/` },
    ...(await channels.all(app.read)).map(({ slug, changed_at }) => ({
      url: links.channel(base, slug),
      at: changed_at,
    })),
    ...site.standingPages.filter((name) => paper[name] !== '').map((name) => ({ url: `${base}/${name}` })),
    { url: `${base}/feeds` },
    { url: `${base}/editions` },
    ...archives.flatMap(({ digest, months }) => [
      { url: `${base}/editions/${digest}` },
      ...months.map(({ month }) => ({ url: `${base}/editions/${digest}/${month}` })),
    ]),
    ...editions.map(({ digest, day, at }) => ({ url: links.edition(base, digest, day), at })),
  ]
}

async function* document(root: 'urlset' | 'sitemapindex', entries: AsyncIterable<string>): AsyncGenerator<string> {
  yield `<?xml version="1.0" encoding="UTF-8"?>\n<${root} xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n`
  yield* entries
  yield `</${root}>\n`
}

async function* lines(element: 'url' | 'sitemap', all: Address[]): AsyncGenerator<string> {
  const entry = ({ url, at }: Address) =>
    `<${element}><loc>${escaped(url)}</loc>${at === undefined ? '' : `<lastmod>${new Date(at).toISOString()}</lastmod>`}</${element}>\n`
  if (all.length > 0) yield all.map(entry).join('')
}

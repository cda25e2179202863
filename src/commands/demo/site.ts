import { Readable } from 'node:stream'
import { instant } from '../../../db/instant.ts'
import type { App } from '../../app.ts'
import * as articles from '../../articles/index.ts'
import * as digests from '../../digests/index.ts'
import { Problem } from '../../problem.ts'
import * as site from '../../site.ts'
import * as sources from '../../sources/index.ts'
import * as subscribers from '../../subscribers/index.ts'
import { httpUrl } from '../../text.ts'
import { takeNewest } from '../../wordpress/newest.ts'
import type { Shell } from '../shell.ts'
import { ACTOR, once } from './once.ts'

const FOR_PICTURES = 20_000 // ms that the first sight of the paper may wait for its pictures
const WORDS: Record<string, [list: string, digest: string]> = {
  ar: ['النشرة اليومية', 'نشرة الصباح'],
  tr: ['Günlük bülten', 'Sabah bülteni'],
  en: ['The daily digest', 'The morning digest'],
}

/** The folder of a site's demo: one per host, so that none shows the stories of another. */
export function folderOf(address: string): string {
  const url = httpUrl(withScheme(address))
  if (!url) throw new Problem('bad-url', { value: address })
  return new URL(url).host.replaceAll(/[^a-z0-9.-]+/g, '-')
}

/** Fills the demo with the stories that a site's feed holds now. Answers the digest's slug. */
export async function fillWithSite(app: App, address: string, shell: Shell): Promise<string[]> {
  shell.say(`Nashra demo: reading ${address} …`)
  const source = await readSite(app, address, shell.signal)
  const language = await introduce(app, source)
  const [list, digest] = WORDS[language.split('-')[0]!] ?? WORDS['en']!
  shell.say('… its pictures, a list, a reader and a letter')
  const enough = AbortSignal.any([shell.signal, AbortSignal.timeout(FOR_PICTURES)])
  await articles.keepAllPictures(app, ACTOR, { signal: enough })
  await once(() => subscribers.addList(app, ACTOR, { slug: 'readers', title: list, language, public: true }))
  await subscribers.importCsv(app, ACTOR, Readable.from(['email,name\nreader@example.org,\n']), { list: 'readers' })
  await once(() =>
    digests.add(app, ACTOR, {
      ...{ slug: 'morning', title: digest, channel: 'all', list: 'readers', at: '08:00', max: 10 },
      maxAge: '365d',
    }),
  )
  return ['morning']
}

/** Reads the site's feed, or a WordPress site's newest stories; its archive stays where it is. */
async function readSite(app: App, address: string, signal: AbortSignal): Promise<sources.Source> {
  const known = (await sources.all(app.db))[0]
  const wanted = { relation: 'own', first: 'news', pictures: 'keep' } as const
  const source = known ?? (await sources.add(app, ACTOR, withScheme(address), wanted, signal))
  const polled =
    source.kind === 'wordpress'
      ? await takeNewest(app, ACTOR, source, signal)
      : await sources.poll(app, ACTOR, source, signal)
  if (source.kind === 'wordpress' && !known) await sources.pause(app, ACTOR, source.id)
  if (signal.aborted) throw new Problem('interrupted')
  if (polled.error && (await articles.newestId(app.db)) === 0)
    throw new Problem('fetch-failed', { host: source.host, reason: polled.error })
  return sources.find(app.db, source.id)
}

function withScheme(address: string): string {
  return /^[a-z]+:\/\//i.test(address) ? address : `https://${address}`
}

/** Gives the paper the name and language of the site; answers the language. */
async function introduce(app: App, source: sources.Source): Promise<string> {
  const paper = await app.db.selectFrom('site').selectAll().executeTakeFirstOrThrow()
  if (paper.name) return paper.language
  const language = source.language ?? (await mostly(app))
  await site.set(app, ACTOR, {
    name: source.title || source.host,
    language,
    sender: 'news@paper.example',
    postal_address: source.home || source.url,
  })
  return language
}

/** The language of most stories. */
async function mostly(app: App): Promise<string> {
  const stories = await articles.latest(app.db, { now: instant(app.now()), limit: 100 })
  const counted = [...Map.groupBy(stories, (story) => story.language)].sort(([, a], [, b]) => b.length - a.length)
  return counted[0]?.[0] ?? 'ar'
}

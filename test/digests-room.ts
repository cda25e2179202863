import { Readable } from 'node:stream'
import { instant } from '../db/instant.ts'
import * as articles from '../src/articles/index.ts'
import * as digests from '../src/digests/index.ts'
import * as subscribers from '../src/subscribers/index.ts'
import type { World } from './world.ts'

/** A digest at 08:00 in Istanbul for two readers. */
export async function promise(world: World, more: Partial<digests.Draft> = {}): Promise<void> {
  await subscribers.addList(world, 'cli', { slug: 'list', title: 'القائمة' })
  await digests.add(world, 'cli', {
    ...{ slug: 'daily', title: 'نشرة اليوم', channel: 'all', list: 'list', at: '08:00', zone: 'Europe/Istanbul' },
    ...more,
  })
  for (const name of ['one', 'two']) await join(world, `${name}@example.org`)
}

async function join(world: World, address: string): Promise<void> {
  await subscribers.importCsv(world, 'cli', Readable.from([`email\n${address}\n`]), { list: 'list' })
}

/** A story of that moment. */
export async function add(
  world: World,
  guid: string,
  published: string,
  more: Partial<articles.Draft> = {},
): Promise<void> {
  const published_at = instant(Temporal.Instant.from(published))
  await articles.publish(world, 'cli', [
    { guid, title: `خبر ${guid}`, body_html: '<p>نص الخبر</p>', language: 'ar', published_at, ...more },
  ])
}

/** The ids on pages of all articles, by their guids. */
export async function publicIds(world: World): Promise<Map<string, string>> {
  const rows = await world.db.selectFrom('article').select(['guid', 'public_id']).execute()
  return new Map(rows.map(({ guid, public_id }) => [guid, public_id]))
}

/** The stories that the page lists as the edition's, by their guids. */
export async function shown(answer: Response): Promise<string[]> {
  const [, list = ''] = /<ol class="stage">(.*?)<\/ol>/s.exec(await answer.text()) ?? []
  return [...list.matchAll(/<bdi lang="ar">خبر (\w+)<\/bdi>/g)].map(([, guid]) => guid!)
}

/** The stories of a day’s edition, by their guids. */
export async function told(world: World, day: string): Promise<string[]> {
  const page = (await digests.editionPage(world.read, 'daily', day))!
  return [...page.stories, ...page.headlines].map((story) => story.guid)
}

/** The two forms of a letter's source. */
export function body(source: string): { text: string; html: string } {
  const [, boundary] = /boundary="([^"]+)"/.exec(source)!
  const [text, html] = source
    .split(`--${boundary}`)
    .slice(1, 3)
    .map((part) => part.slice(part.indexOf('\r\n\r\n') + 4).split('\r\n'))
    .map((lines) => lines.map((line) => Buffer.from(line, 'base64').toString('latin1')).join(''))
    .map((bytes) => Buffer.from(bytes, 'latin1').toString())
  return { text: text!, html: html! }
}

import sharp from 'sharp'
import { type Instant, later } from '../db/instant.ts'
import type { Draft, Story } from '../src/articles/index.ts'
import * as articles from '../src/articles/index.ts'
import { handler } from '../src/web/server.ts'
import type { World } from './world.ts'

/** What the clock of a test about pages says. */
export const NOW = '2025-12-04T15:00:00Z'
const HOUR = 3_600_000

export type Shown = { status: number; text: string; headers: Headers; location: string | null }

export async function get(world: World, path: string): Promise<Shown> {
  const response = await handler(world).request(path)
  const { status, headers } = response
  return { status, text: await response.text(), headers, location: headers.get('Location') }
}

export async function article(world: World, story: Story): Promise<Shown> {
  const to = (await get(world, `/a/${story.public_id}`)).location
  return get(world, to ?? `/a/${story.public_id}`)
}

/** Hours before now. */
export function at(hours: number): Instant {
  return later(Date.parse(NOW) as Instant, -hours * HOUR)
}

let published = 0

export async function publish(
  world: World,
  ...drafts: (Omit<Partial<Draft>, 'published_at'> & { title: string; at?: string | Instant })[]
): Promise<Story[]> {
  const guids: string[] = []
  const whole = drafts.map(({ at, ...draft }) => {
    guids.push(draft.guid ?? `story-${published++}`)
    const published_at = (typeof at === 'string' ? Date.parse(at) : (at ?? Date.parse(NOW) - HOUR)) as Instant
    return { body_html: '<p>نص الخبر</p>', language: 'ar', published_at, ...draft, guid: guids.at(-1)! }
  })
  await articles.publish(world, 'test', whole)
  const rows = await world.db.selectFrom('article').select(['id', 'guid']).where('guid', 'in', guids).execute()
  const ids = new Map(rows.map((row) => [row.guid, row.id]))
  return articles.byIds(
    world.db,
    guids.map((guid) => ids.get(guid)!),
  )
}

export function headlines(text: string): string[] {
  return [...text.matchAll(/<h[23]><a href="\/a\/[^"]*">(.*?)<\/a><\/h[23]>/g)].map(([, title]) => decoded(title!))
}

export function alternates(text: string): string[] {
  return [...text.matchAll(/<link rel="alternate" type="[^"]+" title="[^"]+" href="([^"]+)">/g)].map(
    ([, href]) => href!,
  )
}

export function decoded(text: string): string {
  return text.replace(/&(?:#(\d+)|(amp|lt|gt|quot));/g, (_, code, name) =>
    code ? String.fromCodePoint(Number(code)) : { amp: '&', lt: '<', gt: '>', quot: '"' }[name as string]!,
  )
}

/** A picture without transparency, as JPEG. */
export async function drawing(width: number, height: number): Promise<Buffer> {
  return sharp({ create: { width, height, channels: 3, background: '#246' } })
    .jpeg()
    .toBuffer()
}

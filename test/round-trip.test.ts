import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { instant, later } from '../db/instant.ts'
import type { Draft, Story } from '../src/articles/index.ts'
import * as articles from '../src/articles/index.ts'
import * as channels from '../src/channels.ts'
import * as links from '../src/links.ts'
import type { Item } from '../src/reading/index.ts'
import * as reading from '../src/reading/index.ts'
import { plain } from '../src/text.ts'
import { bring, documents, source } from './incoming.ts'
import { databases, openWorld, type World } from './world.ts'

const NOW = '2026-11-23T09:00:00Z'
const LANGUAGES = ['ar', 'tr', 'en']

describe.each(databases)('our own feeds read back on %s', (kind) => {
  test('the demo’s stories as items make the same articles', async () => {
    await using first = await paper(kind)
    await using second = await openWorld(kind, NOW, { NASHRA_URL: 'https://reader.example' })
    const stories = await all(first)
    const own = await source(second, 'paper', { relation: 'own' })
    expect(await bring(second, own, stories.map(asItem), { first: true })).toMatchObject({ added: stories.length })
    const again = await all(second)
    expect(again.map(facts)).toEqual(stories.map(facts))
    expect(again.map((story) => story.entry_id)).toEqual(
      again.map(({ entry_id }, index) =>
        /^https?:|^tag:|^urn:/.test(stories[index]!.entry_id) ? stories[index]!.entry_id : entry_id,
      ),
    )
    for (const [index, story] of again.entries()) {
      expect(story.body_html).toBe(stories[index]!.body_html)
      expect(story.excerpt).toBe(stories[index]!.excerpt)
      expect(story.image_caption).toBe(stories[index]!.image_caption)
    }
  })

  // Reading is thin yet: it knows neither JSON Feed nor languages, names, categories and pictures of entries.
  test.each(['rss', 'atom', 'json'] as const)('the demo’s channels as %s make the same articles', async (format) => {
    await using first = await paper(kind)
    await using second = await openWorld(kind, NOW, { NASHRA_URL: 'https://reader.example' })
    for (const language of LANGUAGES) {
      const url = `https://news.example/feeds/${language}.${format}`
      const { body, type } = (await documents(first, language)).find((one) => one.format === format)!
      const origin = { url, contentType: type, zone: 'UTC', dateOrder: 'auto' as const, now: instant(second.now()) }
      const document = await reading.read(body, origin)
      const own = await source(second, `${language}-${format}`, { relation: 'own', language })
      expect(await bring(second, own, document.items, { first: true })).toMatchObject({
        revised: 0,
        held: 0,
        also: 0,
      })
    }
    const stories = await all(first)
    const again = await all(second)
    expect(again.map(facts)).toEqual(stories.map(facts))
    for (const [index, story] of again.entries())
      expect(plain(story.body_html)).toContain(plain(stories[index]!.body_html))
  })
})

/** The demo's paper: its samples, and a channel for each of its languages. */
async function paper(kind: (typeof databases)[number]): Promise<World> {
  const world = await openWorld(kind, NOW)
  const at = instant(world.now())
  const lines = readFileSync(join(import.meta.dirname, '../demo/articles.jsonl'), 'utf8')
    .trim()
    .split('\n')
  const drafts = lines.map((line): Draft => {
    const { hours_ago, image, ...row } = JSON.parse(line)
    const picture = image && { ...image, url: `https://news.example/pictures/${image.file}` }
    const published_at = later(at, -hours_ago * 3_600_000)
    const read = articles.readRow({ ...row, image: picture, published_at }, { language: 'ar', zone: 'UTC' })
    if ('reason' in read) throw new Error(read.reason)
    return read.draft
  })
  await articles.publish(world, 'test', drafts)
  for (const language of LANGUAGES)
    await channels.add(world, 'test', { slug: language, title: language, filter: { language: [language] }, size: 200 })
  return world
}

async function all(world: World): Promise<Story[]> {
  const stories = await articles.latest(world.db, { now: instant(world.now()), limit: 500 })
  return stories.toSorted((a, b) => b.published_at - a.published_at || (a.title < b.title ? -1 : 1))
}

/** What a reading of any of the formats is to find again. */
function facts(story: Story) {
  const { title, published_at, language, authors, image_url, section, tags } = story
  return { title, published_at, language, authors, image_url, labels: [...(section ? [section] : []), ...tags].sort() }
}

function asItem(story: Story): Item {
  const { title, language, authors, tags, section, summary, image_url, published_at, updated_at } = story
  const words = { alt: story.image_alt, caption: story.image_caption, credit: story.image_credit }
  const said = Object.fromEntries(Object.entries(words).filter(([, word]) => word !== null))
  return {
    guid: story.entry_id,
    link: links.article('https://news.example', story),
    title,
    html: story.body_html,
    language,
    authors,
    tags,
    published_at,
    updated_at,
    ...(section && { section }),
    ...(summary && { summary }),
    ...(image_url && { image: { url: image_url, ...said } }),
  }
}

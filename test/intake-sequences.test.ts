import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Instant } from '../db/instant.ts'
import * as intake from '../src/intake/index.ts'
import type { Item } from '../src/reading/index.ts'
import type { Source } from '../src/sources/index.ts'
import { bring, source } from './incoming.ts'
import { databases, openWorld, type World } from './world.ts'

const NOW = '2026-11-23T09:00:00Z'
const NAMES = ['first', 'second', 'held'] as const
const STORIES = 5

/** An item as a source may spell it today: `version` is of its text, `spelling` of its guid. */
type Shown = { story: number; version: number; spelling: number }
type Step =
  | { does: 'read'; of: number; shown: Shown[]; deleted: number[] }
  | { does: 'release' | 'refuse'; story: number }
  | { does: 'gone'; of: number; story: number }

const shown = fc.record({
  story: fc.nat(STORIES - 1),
  version: fc.nat(2),
  spelling: fc.nat(4),
})
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      does: fc.constant('read' as const),
      of: fc.nat(NAMES.length - 1),
      shown: fc.uniqueArray(shown, { selector: (one) => one.story, maxLength: STORIES }),
      deleted: fc.array(fc.nat(STORIES - 1), { maxLength: 1 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ does: fc.constantFrom('release' as const, 'refuse' as const), story: fc.nat(STORIES - 1) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      does: fc.constant('gone' as const),
      of: fc.nat(NAMES.length - 1),
      story: fc.nat(STORIES - 1),
    }),
  },
)

describe.each(databases)('whatever sources do, on %s', (kind) => {
  test('a story is one article, no item is lost, and no guid changes', { timeout: 180_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 14 }), async (steps) => {
        await using world = await openWorld(kind, NOW)
        const from = await Promise.all(
          NAMES.map((name) => source(world, name, name === 'held' ? { intake: 'hold' } : {})),
        )
        const ids = new Map<number, string>()
        const taken = new Set<number>() // stories that somebody took back: another source may tell them anew
        for (const one of steps) {
          world.clock.advance({ minutes: 7 })
          if (one.does === 'read') await read(world, from[one.of]!, one, taken)
          else if (one.does === 'gone') {
            taken.add(one.story)
            await intake.gone(world, 'job', from[one.of]!, [guid(from[one.of]!, one.story, 0)])
          } else await review(world, from[2]!, one)
          await agree(world, ids, taken)
        }
      }),
      { numRuns: kind === 'sqlite' ? 60 : 10 },
    )
  })
})

async function read(world: World, from: Source, { shown, deleted }: Step & { does: 'read' }, taken: Set<number>) {
  const items = shown.map((one) => itemOf(from, one))
  const present = new Set(shown.map((one) => one.story))
  for (const story of deleted) if (!present.has(story)) taken.add(story)
  const brought = { deleted: deleted.map((story) => guid(from, story, 1)), window: true }
  const done = await bring(world, from, items, brought)
  expect(done.added + done.revised + done.unchanged + done.held + done.also).toBe(items.length)
  for (const [index, one] of shown.entries()) await isKept(world, from, one, items[index]!)
  const before = await mark(world)
  expect(await bring(world, from, items, { window: false })).toMatchObject({ unchanged: items.length, revised: 0 })
  expect(await mark(world)).toEqual(before)
}

/** Each item stands somewhere, as it was brought last. */
async function isKept(world: World, from: Source, { story }: Shown, { html }: Item) {
  const rows = await world.db.selectFrom('source_item').selectAll().where('source_id', '=', from.id).execute()
  const mine = rows.filter((row) => storyOf(row.guid) === story)
  expect(mine).toHaveLength(1)
  const [row] = mine
  expect(['published', 'also', 'held', 'refused']).toContain(row!.state)
  if (row!.state === 'held') expect(JSON.parse(row!.draft!).draft.body_html).toBe(html)
  if (row!.state !== 'published') return
  const article = await world.db
    .selectFrom('article')
    .selectAll()
    .where('id', '=', row!.article_id!)
    .executeTakeFirstOrThrow()
  expect(article.withdrawn_at).toBeNull()
  expect(article.source_id).toBe(from.id)
  if (from.intake === 'publish') expect(article.body_html).toBe(html)
  else if (article.body_html !== html && row!.draft) expect(JSON.parse(row!.draft).draft.body_html).toBe(html)
}

async function review(world: World, held: Source, { does, story }: Step & { does: 'release' | 'refuse' }) {
  const waiting = (await intake.held(world.db, held.id))
    .filter((one) => storyOf(one.guid) === story)
    .map((one) => one.guid)
  if (does === 'release') await intake.release(world, 'cli', held, waiting)
  else await intake.refuse(world, 'cli', held, waiting)
}

async function agree(world: World, ids: Map<number, string>, taken: Set<number>) {
  const all = await world.db.selectFrom('article').selectAll().execute()
  expect(all.length).toBeGreaterThanOrEqual(ids.size)
  for (const { id, guid, entry_id } of all) {
    expect(ids.get(id) ?? `${guid} ${entry_id}`).toBe(`${guid} ${entry_id}`)
    ids.set(id, `${guid} ${entry_id}`)
  }
  for (let story = 0; story < STORIES; story++) {
    const told = all.filter((one) => storyOf(one.guid) === story)
    expect(new Set(told.map((one) => one.source_id)).size).toBe(told.length)
    if (!taken.has(story)) expect(told.length).toBeLessThanOrEqual(1)
  }
}

async function mark(world: World) {
  const { version } = await world.db.selectFrom('site').select('version').executeTakeFirstOrThrow()
  const items = await world.db.selectFrom('source_item').selectAll().orderBy('source_id').orderBy('key').execute()
  return { version, items }
}

function itemOf(from: Source, { story, version, spelling }: Shown): Item {
  return {
    guid: guid(from, story, spelling),
    link: `${spelling % 2 ? 'https' : 'http'}://${from.title}.example/stories/${story}`,
    title: `خبر واحد ترويه مصادر كثيرة ${story}`,
    html: `<p>النص ${version}</p>`,
    published_at: (Date.parse(NOW) - story * 3_600_000) as Instant,
    authors: [],
    tags: [],
  }
}

/** The last spelling is of another scheme altogether. */
function guid(from: Source, story: number, spelling: number): string {
  const host = `${from.title}.example`
  return [
    `http://${host}/n-${story}`,
    `https://${host}/n-${story}/`,
    `HTTP://WWW.${host}:80/n-${story}#0`,
    `https://www.${host}/n-${story}`,
    `${from.title} n-${story}`,
  ][spelling]!
}

function storyOf(guid: string): number {
  return Number(/n-(\d+)/.exec(guid)![1])
}

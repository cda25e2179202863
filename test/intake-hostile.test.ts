import { describe, expect, test } from 'vitest'
import type { Instant } from '../db/instant.ts'
import * as channels from '../src/channels.ts'
import * as intake from '../src/intake/index.ts'
import type { Item } from '../src/reading/index.ts'
import { bring, documents, item, only, source } from './incoming.ts'
import { get } from './site.ts'
import { databases, openWorld } from './world.ts'

const NOW = '2026-11-23T09:00:00Z'

describe.each(databases)('intake in trouble on %s', (kind) => {
  test.skipIf(kind === 'pglite')('two processes that take at once make no doubles and lose nothing', async () => {
    await using world = await openWorld(kind, NOW)
    await using other = await world.again()
    const [partner, agency] = [await source(world, 'partner'), await source(world, 'agency')]
    const items = Array.from({ length: 40 }, (_, n) => item(String(n)))
    const copies = items.map((one) => ({ ...one, guid: `agency ${one.guid}`, link: `${one.link}?from=agency` }))
    const done = await Promise.all([
      bring(world, partner, items),
      bring(other, partner, items),
      bring(other, agency, copies),
      bring(world, agency, copies),
    ])
    expect(done.reduce((sum, one) => sum + one.added, 0)).toBe(40)
    expect(done.reduce((sum, one) => sum + one.also, 0)).toBe(40)
    expect(await world.db.selectFrom('article').select('id').execute()).toHaveLength(40)
    expect(await intake.stored(world.db, partner)).toHaveLength(40)
    expect(await intake.stored(world.db, agency)).toHaveLength(40)
    expect(await bring(world, agency, copies)).toMatchObject({ unchanged: 40 })
  })

  test('what a crash left undone is done by the next reading', async () => {
    await using world = await openWorld(kind, NOW)
    const partner = await source(world, 'partner')
    const items = Array.from({ length: 250 }, (_, n) => item(String(n)))
    let asked = 0
    const dying = Object.create(world) as typeof world
    Object.defineProperty(dying, 'db', {
      get() {
        if (++asked > 3) throw new Error('killed')
        return world.db
      },
    })
    await expect(bring(dying, partner, items, { first: true })).rejects.toThrow('killed')
    const before = (await intake.stored(world.db, partner)).length
    expect(before).toBeGreaterThan(0)
    expect(before).toBeLessThan(250)
    expect(await bring(world, partner, items, { first: true })).toMatchObject({
      added: 250 - before,
      unchanged: before,
    })
    expect(await world.db.selectFrom('article').select('id').execute()).toHaveLength(250)
  })

  test('items of any shape become articles that pages and feeds can carry', async () => {
    await using world = await openWorld(kind, NOW)
    const partner = await source(world, 'partner', { language: 'not a language', section: 'ﷺ'.repeat(3000) })
    const wide = Array.from({ length: 30_000 }, (_, n) => String.fromCodePoint(0x4e00 + (n % 20_000))).join('')
    const bare = { html: '', title: '', authors: [], tags: [] }
    const items: Item[] = [
      { ...bare, guid: wide },
      { ...bare, guid: 'nul \0 and half \ud800 of a pair' },
      { ...bare, guid: 'nul  and half  of a pair' },
      { ...bare, guid: '__proto__', title: 'constructor', tags: ['__proto__', wide], authors: ['toString', ''] },
      { ...bare, guid: 'https://[not an address', title: wide },
      { ...bare, guid: ' ', html: '<p>خبر بلا عنوان يُعرف من كلماته الأولى</p>' },
      { ...bare, guid: '', link: 'https://partner.example/only-a-link' },
      {
        ...bare,
        guid: 'long',
        title: 'طويل',
        html: `<p>${'كلمة '.repeat(450_000)}</p>`,
        link: 'https://partner.example/long',
      },
      {
        ...bare,
        guid: 'far',
        title: 'بعيد',
        published_at: 8.64e15 as Instant,
        updated_at: 8.64e15 as Instant,
        language: '💥',
      },
      { ...bare, guid: 'old', title: 'قديم', published_at: Date.parse('1950-01-01') as Instant, summary: wide },
    ]
    expect(await bring(world, partner, items)).toMatchObject({ added: items.length })
    expect(await bring(world, partner, items)).toMatchObject({ unchanged: items.length, revised: 0 })
    expect(await intake.stored(world.db, partner)).toHaveLength(items.length)
    expect(await only(world, ' ')).toMatchObject({ title: 'خبر بلا عنوان يُعرف من كلماته الأولى' })
    expect(await only(world, 'far')).toMatchObject({
      published_at: Date.parse(NOW),
      updated_at: Date.parse(NOW),
      language: 'ar',
    })
    expect(await only(world, 'long')).toMatchObject({ body_html: '' })
    for (const { public_id } of await world.db.selectFrom('article').select('public_id').execute())
      expect((await get(world, `/a/${public_id}`)).status).toBeLessThan(400)
    for (const { body, leftOut } of await documents(world, 'all')) {
      expect(leftOut).toEqual([])
      expect(body.toString()).toContain('كلماته الأولى')
    }
  })

  test('ten thousand items with one guid are one, and as many on one page are all there', async () => {
    await using world = await openWorld(kind, NOW)
    const partner = await source(world, 'partner')
    const one = Array.from({ length: 10_000 }, (_, n) => item('same', { title: `عنوان ${n}` }))
    expect(await bring(world, partner, one)).toMatchObject({ added: 1 })
    const many = Array.from({ length: 300 }, (_, n) => item(`m${n}`, { link: 'https://partner.example/live' }))
    expect(await bring(world, partner, many)).toMatchObject({ added: 300 })
    expect(await bring(world, partner, many)).toMatchObject({ unchanged: 300 })
  })

  test('a batch moves the channels that it concerns and no others', async () => {
    await using world = await openWorld(kind, NOW)
    await channels.add(world, 'cli', { slug: 'turkish', title: 'T', filter: { language: ['tr'] } })
    await bring(world, await source(world, 'partner'), [item('1')])
    expect((await channels.find(world.db, 'turkish')).version).toBe(1)
    expect((await channels.find(world.db, 'all')).version).toBeGreaterThan(1)
  })
})

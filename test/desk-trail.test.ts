import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { type Instant, instant } from '../db/instant.ts'
import * as articles from '../src/articles/index.ts'
import * as changes from '../src/changes.ts'
import * as channels from '../src/channels.ts'
import * as subscribers from '../src/subscribers/index.ts'
import { did } from '../src/web/desk/trail-words.ts'
import { colleague, type Desk, openDesk } from './desk.ts'
import { databases } from './world.ts'

const HERE = '/admin/settings/trail'

describe.each(databases)('the trail at the desk, on %s', (kind) => {
  test('is in people’s words: names that lead to what is still there, and fields with what they were and are', async () => {
    await using desk = await openDesk(kind)
    const { owner, look } = await newsroom(desk)
    await channels.set(desk.world, by(owner), 'sport', { title: 'Sport and games', size: 30 })
    const page = await look('?kind=channels')
    expect(page).toContain('>The channel was changed · <a href="/admin/channels/sport"><bdi>Sport and games</bdi></a>')
    expect(page).toContain('<dt>articles in the feed:</dt> <dd><del>50</del> <ins>30</ins></dd>')
    await subscribers.setList(desk.world, by(owner), 'morning', { singleOptIn: 'they signed on paper' })
    expect(await look('?kind=lists')).toContain(
      '<dt>joins without confirming, because:</dt> <dd><del>nothing</del> <ins><bdi dir="auto">they signed on paper</bdi></ins></dd>',
    )
    expect(page).toContain(`<a href="/admin/people/${owner.account.public_id}"><bdi>${owner.address}</bdi></a>`)
    await desk.world.db.deleteFrom('channel').where('slug', '=', 'sport').execute()
    expect(await look('?kind=channels')).toContain('· <bdi>channel:sport</bdi>')
  })

  test('is found by who, what was done or what about, in the words that it is shown in', async () => {
    await using desk = await openDesk(kind)
    const { owner, look } = await newsroom(desk)
    await articles.publish(desk.world, 'cli', [
      { guid: 'a', title: 'The harbour opens', body_html: '<p>x</p>', language: 'en', published_at: instant(desk.world.now()) }, // biome-ignore format: one story
    ])
    const { public_id } = await desk.world.db.selectFrom('article').select('public_id').executeTakeFirstOrThrow()
    await changes.record(desk.world.db, 'cli', instant(desk.world.now()), [
      { verb: 'digest.stage', subject: 'digest:gone', before: { day: '2026-12-02', first: [], out: [] }, after: { day: '2026-12-02', first: [public_id], out: [] } }, // biome-ignore format: one line
    ])
    expect(await look('?kind=digests')).toContain(
      '<dt>first:</dt> <dd><del><bdi dir="auto">nothing</bdi></del> <ins><bdi dir="auto">The harbour opens</bdi></ins></dd>',
    )
    const found = async (query: string) => [...(await look(query)).matchAll(/<td>([^<]+) · /g)].map(([, did]) => did)
    expect(await found('?q=harbour')).toEqual(['Published'])
    expect(await found('?q=was made&kind=lists')).toEqual(['A list was made'])
    expect(await found('?q=Morning')).toEqual(['A list was made'])
    expect(await found('?q=sport')).toEqual(['A channel was made'])
    expect(await found('?q=list:morning')).toEqual(['A list was made'])
    expect(await found('?q=command line&kind=channels')).toEqual(['A channel was made'])
    expect(await found(`?actor=${by(owner)}&kind=channels`)).toEqual([])
    expect(await found('?q=nobody-of-this-name')).toEqual([])
    expect(await found('?q=%25')).toEqual([])
    expect(await found('?verb=channel.add')).toEqual(['A channel was made'])
  })

  test('days are the viewer’s own, and both of them whole', async () => {
    await using desk = await openDesk(kind)
    const { owner } = await newsroom(desk)
    const at = (text: string) => Date.parse(text) as Instant
    for (const [when, subject] of [
      ['2026-03-01T20:59:59Z', 'before'],
      ['2026-03-01T21:00:00Z', 'first'], // midnight in Istanbul
      ['2026-03-03T20:59:59.999Z', 'last'],
      ['2026-03-03T21:00:00Z', 'after'],
    ] as const)
      await changes.record(desk.world.db, 'cli', at(when), [{ verb: 'odd.thing', subject }])
    const page = async (query: string) =>
      (await desk.request(`${HERE}${query}`, { headers: { Cookie: `${owner.cookie}; zone=Europe%2FIstanbul` } })).text()
    const shown = (text: string) =>
      ['before', 'first', 'last', 'after'].filter((name) => text.includes(`<bdi>${name}</bdi>`))
    expect(shown(await page('?from=2026-03-02&to=2026-03-03'))).toEqual(['first', 'last'])
    expect(shown(await page('?verb=odd.thing&from=2026-03-02'))).toEqual(['first', 'last', 'after'])
    expect(shown(await page('?from=2026-02-31&to=tomorrow&verb=odd.thing'))).toHaveLength(4)
  })

  test('goes on page after page by its key, and the file holds all that is filtered and nothing else', async () => {
    await using desk = await openDesk(kind)
    const { owner, look } = await newsroom(desk)
    const at = instant(desk.world.now())
    const lines = Array.from({ length: 1203 }, (_, n) => ({ verb: 'article.revise', subject: `article:a${n}` }))
    await changes.record(desk.world.db, 'job', at, lines)
    const seen: string[] = []
    let query: string | undefined = '?kind=articles'
    for (let pages = 0; query !== undefined && pages < 40; pages++) {
      const page: string = await look(query)
      seen.push(...[...page.matchAll(/<bdi>article:(a\d+)<\/bdi><\/?[^s]/g)].map(([, id]) => id!))
      query = /rel="next" href="[^"?]*(\?[^"]*)"/.exec(page)?.[1]?.replaceAll('&amp;', '&')
    }
    expect(new Set(seen).size).toBe(1203)
    const file = await (await owner.get(`${HERE}.csv?kind=articles&actor=job`)).text()
    const rows = file.trim().split('\r\n')
    expect(rows).toHaveLength(1204)
    expect(rows[1]).toBe(`${new Date(at).toISOString()},job,"Nashra, by itself",article.revise,Revised,article:a1202,article:a1202,,`) // biome-ignore format: one line
  })

  test('leads to readers without naming them', async () => {
    await using desk = await openDesk(kind)
    const { look } = await newsroom(desk)
    const csv = Readable.from(['email,name\nlayla@reader.example,Layla\n'])
    await subscribers.importCsv(desk.world, 'cli', csv, { list: 'morning' })
    const row = await desk.world.db
      .selectFrom('subscription')
      .innerJoin('subscriber', 'subscriber.id', 'subscriber_id')
      .select(['subscription.id', 'public_id'])
      .executeTakeFirstOrThrow()
    await changes.record(desk.world.db, 'reader', instant(desk.world.now()), [
      { verb: 'subscription.prefer', subject: `subscription:${row.id}` },
    ])
    const page = await look('?kind=readers')
    expect(page).toContain(`<a href="/admin/readers/${row.public_id}"><bdi>A reader of Morning</bdi></a>`)
    expect(page).not.toContain('layla')
    expect(page).not.toContain('Layla')
  })
})

test('all that is written to the trail has words', () => {
  const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'))
  const verbs = files.flatMap((name) =>
    [...readFileSync(join('src', name), 'utf8').matchAll(/verbs?:? .*?'([a-z]+\.[a-z-]+)'/g)].map(([, verb]) => verb!),
  )
  expect(verbs.length).toBeGreaterThan(40)
  expect([...new Set(verbs)].filter((verb) => did('en', verb) === verb)).toEqual([])
})

async function newsroom(desk: Desk) {
  const owner = await colleague(desk, 'owner')
  await desk.world.db.updateTable('account').set({ language: 'en' }).execute()
  await subscribers.addList(desk.world, 'cli', { slug: 'morning', title: 'Morning' })
  await channels.add(desk.world, 'cli', { slug: 'sport', title: 'Sport', filter: {} })
  const look = async (query: string) => (await owner.get(encodeURI(`${HERE}${query}`))).text()
  return { owner, look }
}

function by({ account }: { account: { public_id: string } }): string {
  return `account:${account.public_id}`
}

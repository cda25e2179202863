import { expect, test } from 'vitest'
import { instant } from '../db/instant.ts'
import { take } from '../src/sources/hosts.ts'
import type { Source } from '../src/sources/index.ts'
import * as sources from '../src/sources/index.ts'
import { follow } from '../src/wordpress/mirror.ts'
import { openPartner, type Partner } from './partner.ts'
import { openWordpress } from './wordpress-site.ts'
import { openWorld, type World } from './world.ts'

const NOW = '2025-12-04T15:00:00Z'
const LONGEST = 30_000 // ms

test('a site that takes seconds for each post costs a turn of its own, and is followed all the same', async () => {
  await using site = await openWordpress(() => Date.parse(NOW))
  await using slow = await openDetour(site, (path) => (/posts\/\d/.test(path) ? 2000 : 0))
  await using world = await openWorld('sqlite', NOW, { NASHRA_FETCH_ALLOW: slow.place })
  const source = await mirrorOf(world, slow)
  while ((await follow(world, 'test', source)).again);
  for (let n = 0; n < 40; n++) site.add()
  Object.assign(site.manner, { simple: true }) // no two posts in one answer
  const began = performance.now()
  expect(await follow(world, 'test', source)).toMatchObject({ status: 'ok', again: true })
  expect(performance.now() - began).toBeLessThan(LONGEST)
  const held = await count(world)
  expect(held).toBeGreaterThan(0)
  expect(held).toBeLessThan(40)
  await follow(world, 'test', source)
  expect(await count(world), 'and goes on from there').toBeGreaterThan(held)
}, 120_000)

test('a site that answers too slowly for anything has failed, within thirty seconds', async () => {
  await using site = await openWordpress(() => Date.parse(NOW))
  await using slow = await openDetour(site, () => 12_000)
  await using world = await openWorld('sqlite', NOW, { NASHRA_FETCH_ALLOW: slow.place })
  const source = await mirrorOf(world, slow)
  const began = performance.now()
  expect(await sources.poll(world, 'cli', source)).toMatchObject({
    status: 'error',
    error: 'it took longer than 20 s to answer',
  })
  expect(performance.now() - began).toBeLessThan(LONGEST)
}, 120_000)

test('a site that leads to another host waits for whoever asks that one', async () => {
  await using site = await openWordpress(() => Date.parse(NOW))
  site.add()
  await using moved = await openPartner((request, response) => {
    response.writeHead(302, { Location: `${site.url}${request.url}` }).end()
  })
  await using world = await openWorld('sqlite', NOW, { NASHRA_FETCH_ALLOW: `${site.place} ${moved.place}` })
  const source = await mirrorOf(world, moved)
  const other = await sources.add(world, 'cli', `${site.url}/feed`, {})
  const hold = (await take(world, other))!
  const polled = sources.poll(world, 'cli', source)
  await expect.poll(() => moved.asked.length).toBeGreaterThan(0)
  await new Promise((resolve) => setTimeout(resolve, 500))
  expect(site.asked).toHaveLength(0)
  await hold.release()
  expect(await polled).toMatchObject({ status: 'ok' })
  expect(site.asked.length).toBeGreaterThan(0)
})

/** The same site behind an address of its own, which holds each request up for so many ms. */
async function openDetour(site: Partner, wait: (path: string) => number): Promise<Partner> {
  return openPartner(async (request, response) => {
    await new Promise((resolve) => setTimeout(resolve, wait(request.url!)))
    const answer = await fetch(site.url + request.url).catch(() => undefined) // the test may have ended meanwhile
    if (!answer) return void response.destroy()
    const kept = ['content-type', 'x-wp-total', 'x-wp-totalpages'].flatMap((name) => {
      const value = answer.headers.get(name)
      return value ? [[name, value] as const] : []
    })
    response.writeHead(answer.status, Object.fromEntries(kept)).end(await answer.text())
  })
}

async function mirrorOf(world: World, { url, place }: Partner): Promise<Source> {
  return world.db
    .insertInto('source')
    .values({
      ...{ url: `${url}/`, title: 'x', created_at: instant(world.now()), kind: 'wordpress', relation: 'own' },
      ...{ host: place, language: 'ar', zone: 'Europe/Istanbul', due_at: instant(world.now()) },
    })
    .returningAll()
    .executeTakeFirstOrThrow()
}

async function count(world: World): Promise<number> {
  return (await world.db.selectFrom('wordpress_post').select('number').execute()).length
}

import { expect, test } from 'vitest'
import * as intake from '../src/intake/index.ts'
import { take } from '../src/sources/hosts.ts'
import * as sources from '../src/sources/index.ts'
import { askForMissing } from '../src/sources/missing.ts'
import { openPartner } from './partner.ts'
import { openWorld, type World } from './world.ts'

const NOW = '2026-11-25T12:00:00Z'

/** A page of an Atom feed with one entry, and the address of the next one. */
function pageOf(n: number, next?: string): string {
  return `<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title>t</title><id>urn:t</id><updated>${NOW}</updated>
${next ? `<link rel="next" href="${next}"/>` : ''}
<entry><title>خبر ${n}</title><id>urn:${n}</id><updated>${NOW}</updated><link href="https://partner.example/${n}"/><content>نص</content></entry></feed>`
}

async function pollToTheEnd(world: World, source: sources.Source): Promise<string[]> {
  const words: string[] = []
  for (let turn = 0; turn < 300; turn++) {
    const { status, again } = await sources.poll(world, 'cli', source)
    words.push(status)
    if (!again) return words
  }
  throw new Error('it has no end')
}

test.each([
  ['own', 5, 5],
  ['own', 300, 101],
  ['partner', 5, 1],
] as const)('the first reading of an %s feed of %i pages reads %i', async (relation, pages, read) => {
  await using site = await openPartner((request, response) => {
    const n = Number(/\d+$/.exec(request.url!)?.[0] ?? 1)
    response.end(pageOf(n, n < pages ? `/feed?page=${n + 1}` : undefined))
  })
  await using world = await openWorld('sqlite', NOW, { NASHRA_FETCH_ALLOW: site.place })
  const source = await sources.add(world, 'cli', `${site.url}/feed`, { relation })
  await pollToTheEnd(world, source)
  expect(site.asked).toHaveLength(read)
  expect(await intake.stored(world.db, source)).toHaveLength(read)
  await pollToTheEnd(world, source)
  expect(site.asked).toHaveLength(read + 1) // from then on the newest page
})

test('pages in a circle, broken ones and missing ones end a first reading without loss', async () => {
  for (const [path, ending] of [
    ['/circle', pageOf(2, '/feed')],
    ['/itself', pageOf(2, '/itself')],
    ['/missing', undefined],
  ] as const) {
    await using site = await openPartner((request, response) => {
      if (request.url === '/feed') return void response.end(pageOf(1, path))
      response.writeHead(ending ? 200 : 404).end(ending)
    })
    await using world = await openWorld('sqlite', NOW, { NASHRA_FETCH_ALLOW: site.place })
    const source = await sources.add(world, 'cli', `${site.url}/feed`, { relation: 'own' })
    await pollToTheEnd(world, source)
    expect(site.asked.map(({ url }) => url)).toEqual(['/feed', path])
    expect(await sources.find(world.db, source.id)).toMatchObject({ cursor: null, failures: 0 })
  }
  await using site = await openPartner((request, response) => {
    response.end(request.url === '/feed' ? pageOf(1, '/broken') : '<!doctype html><title>Home</title>')
  })
  await using world = await openWorld('sqlite', NOW, { NASHRA_FETCH_ALLOW: site.place })
  const source = await sources.add(world, 'cli', `${site.url}/feed`, { relation: 'own' })
  await pollToTheEnd(world, source)
  for (const status of ['error', 'error', 'ok', 'ok'])
    expect(await sources.poll(world, 'cli', source)).toMatchObject({ status })
  expect(site.asked.map(({ url }) => url)).toEqual(['/feed', '/broken', '/broken', '/broken', '/feed'])
})

test('pages of stories that are missing from a feed are asked, few at a time and again where HEAD is not known', async () => {
  await using site = await openPartner((request, response) => {
    if (request.method === 'HEAD' && request.url === '/unknown') response.writeHead(405)
    else response.writeHead({ '/gone': 410, '/missing': 404 }[request.url!] ?? 200)
    response.end()
  })
  await using world = await openWorld('sqlite', NOW, { NASHRA_FETCH_ALLOW: site.place })
  const source = await sources.add(world, 'cli', `${site.url}/feed`, {})
  const missing = ['gone', 'missing', 'unknown', 'there', 'there', 'sixth'].map((key) => ({
    key,
    link: `${site.url}/${key}`,
  }))
  missing.splice(3, 1, { key: 'private', link: 'http://10.0.0.1/' })
  const hold = (await take(world, source))!
  await askForMissing(world, 'job', source, missing, hold, new AbortController().signal)
  await hold.release()
  expect(site.asked.map(({ method, url }) => `${method} ${url}`)).toEqual([
    'HEAD /gone',
    'HEAD /missing',
    'GET /missing',
    'HEAD /unknown',
    'GET /unknown',
    'HEAD /there',
  ])
})

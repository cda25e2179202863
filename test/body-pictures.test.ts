import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { instant } from '../db/instant.ts'
import { keepPictures } from '../jobs/keep-pictures.ts'
import * as articles from '../src/articles/index.ts'
import * as channels from '../src/channels.ts'
import * as media from '../src/media.ts'
import * as syndication from '../src/syndication/index.ts'
import { handler } from '../src/web/server.ts'
import { openPartner } from './partner.ts'
import { flat } from './photos.ts'
import { databases, type Kind, openWorld, type World } from './world.ts'

const NOON = '2026-11-23T09:00:00Z'
const GOING_ON = new AbortController().signal
const JPEG = await flat(1000, 500).jpeg().toBuffer()
const SMALL = await flat(300, 150).jpeg().toBuffer()

describe.each(databases)('a picture in a body, on %s', (kind) => {
  test('is kept: pages and feeds show ours with its size, and no reader sees an update', async () => {
    await using host = await openPartner(picture)
    await using world = await worldWith(kind, host.place)
    const url = `${host.url}/2025/a.jpg?x=1&y=2`
    const body = `<p>قبل</p><figure><img src="${url.replaceAll('&', '&amp;')}" width="5" alt="&quot;ميناء&quot; src=x"><figcaption>المرفأ</figcaption></figure><p>بعد</p>`
    await load(world, { guid: 'a', body_html: body }, { guid: 'b' })
    expect(await feed(world)).toContain(`${host.url}/2025/a.jpg`)
    const before = await story(world, 'a')
    const { version } = await channels.find(world.db, 'all')

    world.clock.advance({ minutes: 1 })
    expect(await run(world)).toEqual({ kept: 1, failed: [], waiting: 0 })

    const after = await story(world, 'a')
    expect(host.asked.map((one) => one.url)).toEqual(['/2025/a.jpg?x=1&y=2'])
    const file = media.nearest(after.pictures!.get(url)!, 1200).file
    const { pictures: _, pictured_at, ...rest } = after
    expect({ ...rest, pictured_at: null }).toEqual(before)
    expect(pictured_at).toBe(instant(world.now()))
    expect((await channels.find(world.db, 'all')).version).toBe(version + 1)
    const shown = await page(world, after)
    expect(shown).not.toContain(host.url)
    expect(shown).toMatch(
      new RegExp(
        `<figure><img loading="lazy" referrerpolicy="no-referrer" src="/m/${file}" srcset="/m/\\S+-320.jpg 320w, /m/\\S+-640.jpg 640w, /m/${file} 1000w" sizes="[^"]+" width="1000" height="500" alt="&quot;ميناء&quot; src=x" ?/?><figcaption>المرفأ`,
      ),
    )
    const document = await feed(world)
    expect(document).not.toContain(host.url)
    expect(document).toMatch(new RegExp(`<img src="https://news.example/m/${file}" width="1000" height="500" alt=`))
    expect((await handler(world).request(`/m/${file}`)).status).toBe(200)
    const trail = await world.db.selectFrom('change').select(['verb', 'subject']).execute()
    expect(trail).toContainEqual({ verb: 'article.picture', subject: `article:${after.public_id}` })
  })

  test('stays kept through a revision from its source, which counts as no more than it says', async () => {
    await using host = await openPartner(picture)
    await using world = await worldWith(kind, host.place)
    const body_html = `<p>نص</p><p><img src="${host.url}/a.jpg" alt=""></p>`
    await load(world, { guid: 'a', body_html })
    await run(world)
    const kept = await story(world, 'a')
    world.clock.advance({ hours: 1 })
    expect(await load(world, { guid: 'a', body_html })).toMatchObject({ unchanged: 1 })
    expect(await load(world, { guid: 'a', body_html, tags: ['ميناء'] })).toMatchObject({ revised: 1 })
    const revised = await story(world, 'a')
    expect(revised.updated_at).toBe(kept.updated_at)
    expect(revised.pictures).toEqual(kept.pictures)
    const more = `${body_html}<p><img src="${host.url}/b.jpg" alt=""></p>`
    expect(await load(world, { guid: 'a', body_html: more })).toMatchObject({ revised: 1 })
    const grown = await story(world, 'a')
    expect(grown.updated_at).toBe(instant(world.now()))
    expect([...grown.pictures!.keys()]).toEqual([`${host.url}/a.jpg`])
    expect(await run(world)).toEqual({ kept: 1, failed: [], waiting: 0 })
    expect((await story(world, 'a')).pictures!.size).toBe(2)
    expect(host.asked.map(({ url }) => url)).toEqual(['/a.jpg', '/b.jpg'])
    await load(world, { guid: 'a', body_html: '<p>بلا صور</p>' })
    expect((await story(world, 'a')).pictures).toBeUndefined()
  })

  test('of WordPress is its full-size original, and the rendition where that is gone', async () => {
    await using host = await openPartner((request, response) => {
      if (/there-300x150|scaled|full/.test(request.url!)) response.end(/300x/.test(request.url!) ? SMALL : JPEG)
      else response.writeHead(/busy/.test(request.url!) ? 503 : 404).end()
    })
    await using world = await worldWith(kind, host.place)
    const uploads = `${host.url}/blog/wp-content/uploads/2025/12`
    const names = ['full-300x200.jpg', 'there-300x150.jpg', 'gone-300x200.jpg', 'busy-300x200.jpg']
    await load(world, ...names.map((name) => ({ guid: name, body_html: `<p><img src="${uploads}/${name}"></p>` })))
    const { kept, failed, waiting } = await articles.keepAllPictures(world, 'cli', { signal: GOING_ON })
    expect({ kept, failed, waiting }).toEqual({
      kept: 2,
      failed: [
        { url: `${uploads}/busy.jpg`, reason: 'it answers 503' },
        { url: `${uploads}/gone-300x200.jpg`, reason: 'it answers 404' },
      ],
      waiting: 2,
    })
    const width = async (guid: string) => [...((await story(world, guid)).pictures?.values() ?? [])][0]?.width
    expect(await Promise.all(names.map(width))).toEqual([1000, 300, undefined, undefined])
    expect(await page(world, await story(world, 'gone-300x200.jpg'))).toContain(`${uploads}/gone-300x200.jpg`)
    for (let tries = 0; tries < 12; tries++) {
      world.clock.advance({ hours: 48 })
      await run(world)
    }
    expect(host.asked.map(({ url }) => url)).toContain('/blog/wp-content/uploads/2025/12/busy-300x200.jpg')
    expect((await run(world)).waiting).toBe(0)
  })

  test('leads from its old address, in any size; where nothing is kept there is nothing', async () => {
    await using host = await openPartner(picture)
    await using world = await worldWith(kind, host.place)
    const name = encodeURIComponent('صورة-المرفأ')
    const uploads = `${host.url}/sub/wp-content/uploads/2025/12`
    const body_html = `<p><img src="${uploads}/${name}-300x200.jpg"><img src="${host.url}/wp-content/uploads/later.png"></p>`
    await load(world, { guid: 'a', body_html, image: `${uploads}/lead-scaled.jpg` })
    expect(await leads(world, `/sub/wp-content/uploads/2025/12/${name}-300x200.jpg`)).toBe(404)
    await run(world)
    const kept = await story(world, 'a')
    const at = (picture: media.Picture, width: number) => `/m/${picture.hash}-${width}.jpg`
    const inBody = kept.pictures!.get(`${uploads}/${name}-300x200.jpg`)!
    for (const [path, to] of [
      [`${name}-300x200.jpg`, at(inBody, 320)],
      [`${name}-768x512.jpg`, at(inBody, 640)],
      [`${name}.jpg`, at(inBody, 1000)],
      [`${name}-scaled.jpg?ver=2`, at(inBody, 1000)],
      [`${encodeURIComponent(name)}-150x150.jpg`, at(inBody, 320)],
      ['lead.jpg', at(kept.picture!, 1000)],
      ['lead-600x400.jpg', at(kept.picture!, 640)],
      ['other.jpg', 404],
      [`${name}.pdf`, 404],
      ['%00.jpg', 404],
    ] as const)
      expect([path, await leads(world, `/sub/wp-content/uploads/2025/12/${path}`)]).toEqual([path, to])
    expect(await leads(world, `/wp-content/uploads/2025/12/${name}.jpg`)).toBe(404)
  })

  test('is kept in the end, and nobody is in the way of another, while stories that share it are revised from two sides', async () => {
    await using host = await openPartner((request, response) =>
      /gone/.test(request.url!) && !/x/.test(request.url!)
        ? void response.writeHead(404).end()
        : picture(request, response),
    )
    await using world = await worldWith(kind, host.place)
    const revise = (round: number) => {
      const rows = Array.from({ length: 30 }, (_, n) => {
        const name = (k: number) => `${k % 3 ? 'a' : 'gone'}${(k + round) % 12}-30x20.jpg`
        const shown = Array.from({ length: 6 }, (_, k) => `<img src="${host.url}/wp-content/uploads/${name(k)}">`)
        const body_html = `<p>${((n + round) % 2 ? shown : shown.toReversed()).join('')}</p>`
        return {
          guid: `g${(n * 7 + round) % 30}`,
          title: `${round}`,
          body_html,
          image: `${host.url}/${(n + round) % 3}.jpg`,
        }
      })
      return load(world, ...(round % 2 ? rows : rows.toReversed()))
    }
    await revise(0)
    const rounds = async () => {
      for (let round = 1; round < 9; round += 2) await Promise.all([revise(round), revise(round + 1)])
    }
    const keeping = async () => {
      for (let n = 0; n < 8; n++) await run(world)
    }
    await Promise.all([rounds(), keeping(), keeping()])
    for (let n = 0; n < 3; n++) {
      world.clock.advance({ hours: 30 })
      await articles.keepAllPictures(world, 'job', { signal: GOING_ON })
    }
    expect(await world.db.selectFrom('body_picture').selectAll().where('image_id', 'is', null).execute()).toEqual([])
    expect(await world.db.selectFrom('article').select('id').where('image_id', 'is', null).execute()).toEqual([])
    expect(await world.db.selectFrom('download').selectAll().execute()).toEqual([])
  })

  test('is one of very many: a story shows a hundred of ours at most, a batch of stories as many as there are', async () => {
    await using world = await openWorld(kind, NOON)
    const rows = Array.from({ length: 500 }, (_, story) => ({
      guid: `g${story}`,
      body_html: Array.from({ length: story === 0 ? 150 : 50 }, (_, n) => `<p><img src="https://old.example/${story}/${n}.jpg"></p>`).join(''),
    })) // biome-ignore format: one line
    await load(world, ...rows)
    const count = async (table: 'body_picture' | 'download') =>
      (await world.db.selectFrom(table).select('url').execute()).length
    expect([await count('body_picture'), await count('download')]).toEqual([25_050, 25_050])
  })

  test('of a partner is left where its source says so, and never answers for an address of our own', async () => {
    await using host = await openPartner(picture)
    await using world = await worldWith(kind, host.place)
    const created_at = instant(world.now())
    const row = { title: 'شريك', created_at, relation: 'partner' }
    const source = async (url: string) =>
      (
        await world.db
          .insertInto('source')
          .values({ ...row, url })
          .returning('id')
          .executeTakeFirstOrThrow()
      ).id
    const url = `${host.url}/wp-content/uploads/p.jpg`
    const draft = { guid: 'p', title: 'خبر', body_html: `<p><img src="${url}" alt="" /></p>`, language: 'ar' }
    const at = instant(world.now())
    const left = [{ ...draft, source_id: await source('https://one.example/feed') }]
    await world.db.transaction().execute((db) => articles.publishIn(db, 'job', left, at, { leavePictures: true }))
    expect(await run(world)).toEqual({ kept: 0, failed: [], waiting: 0 })
    const kept = [{ ...draft, guid: 'q', source_id: await source('https://two.example/feed') }]
    await world.db.transaction().execute((db) => articles.publishIn(db, 'job', kept, at))
    expect(await run(world)).toEqual({ kept: 1, failed: [], waiting: 0 })
    expect((await story(world, 'q')).pictures!.size).toBe(1)
    expect((await story(world, 'p')).pictures).toBeUndefined()
    expect(await leads(world, '/wp-content/uploads/p.jpg')).toBe(404)
  })

  test('that is ours already is asked of nobody; what is no address of the web is left', async () => {
    await using world = await openWorld(kind, NOON)
    const { variants, id } = await media.keep(world, JPEG)
    const body_html = `<p><img src="https://news.example/m/${variants[0]!.file}"><img src="data:image/png;base64,AAAA"><img src="/relative.jpg"></p>`
    await load(world, { guid: 'a', body_html })
    expect(await run(world)).toEqual({ kept: 1, failed: [], waiting: 0 })
    expect([...(await story(world, 'a')).pictures!.values()].map((picture) => picture.id)).toEqual([id])
  })

  test('is asked for once however many stories show it, and given to all of them by runs at the same time', async () => {
    await using host = await openPartner(picture)
    await using world = await worldWith(kind, host.place)
    const same = Array.from({ length: 4 }, (_, n) => `<p><img src="${host.url}/${n}.jpg"></p>`)
    const rows = Array.from({ length: 250 }, (_, n) => ({
      guid: `g${n}`,
      body_html: (n % 2 ? same : same.toReversed()).join(''),
      image: `${host.url}/0.jpg`,
    }))
    await load(world, ...rows)
    await Promise.all([run(world), run(world), run(world)])
    expect(host.asked).toHaveLength(4)
    const waiting = await world.db.selectFrom('body_picture').where('image_id', 'is', null).select('url').execute()
    expect(waiting).toEqual([])
    expect(await world.db.selectFrom('download').selectAll().execute()).toEqual([])
    expect((await story(world, 'g7')).pictures!.size).toBe(4)
    await load(world, { guid: 'late', body_html: same[1]! })
    expect((await story(world, 'late')).pictures!.size).toBe(1)
    expect(await run(world)).toEqual({ kept: 0, failed: [], waiting: 0 })
  })
})

function picture({ url }: IncomingMessage, response: ServerResponse): void {
  response.end(Buffer.concat([JPEG, Buffer.from(url!)])) // another picture for each address
}

function worldWith(kind: Kind, ...places: string[]): Promise<World> {
  return openWorld(kind, NOON, { NASHRA_FETCH_ALLOW: places.join(' ') })
}

async function run(world: World): Promise<articles.KeptPictures> {
  return (await keepPictures.run(world, GOING_ON)) as articles.KeptPictures
}

async function load(world: World, ...rows: object[]): Promise<articles.Imported> {
  const lines = rows.map((row) => `${JSON.stringify({ title: 'سفينة', body_html: '<p>نص</p>', ...row })}\n`)
  const done = await articles.importLines(world, 'cli', Readable.from([Buffer.from(lines.join(''))]))
  expect(done.rejected).toEqual([])
  return done
}

async function story(world: World, guid: string): Promise<articles.Story> {
  const { id } = await world.db.selectFrom('article').select('id').where('guid', '=', guid).executeTakeFirstOrThrow()
  return (await articles.byIds(world.db, [id]))[0]!
}

async function page(world: World, { public_id }: articles.Story): Promise<string> {
  const moved = await handler(world).request(`/a/${public_id}`)
  return (await handler(world).request(moved.headers.get('Location')!)).text()
}

async function leads(world: World, path: string): Promise<string | number | null> {
  const { status, headers } = await handler(world).request(path)
  return status === 301 ? headers.get('Location') : status
}

async function feed(world: World): Promise<string> {
  const channel = await channels.find(world.db, 'all')
  const site = await world.db.selectFrom('site').selectAll().executeTakeFirstOrThrow()
  const given = await syndication.gather(world.db, site, channel, world.config.url, instant(world.now()))
  return syndication.build(given, 'rss').body.toString()
}

import { Readable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { addressHash, email } from '../src/address.ts'
import * as segments from '../src/segments/index.ts'
import * as subscribers from '../src/subscribers/index.ts'
import { colleague, type Desk, openDesk } from './desk.ts'
import { edition, mailing } from './mailing.ts'
import { databases, type World } from './world.ts'

describe.each(databases)('the readers at the desk, on %s', (kind) => {
  test('are found by name, address, state, domain and segment, which the address keeps', async () => {
    await using desk = await openDesk(kind)
    await bring(desk.world, 'daily', [
      'leyla@posta.example,ليلى الحسن',
      'deniz@posta.example,Deniz',
      'max@brief.example,Max',
    ])
    await subscribers.learnNames(desk.world)
    const rule = JSON.stringify({ domain: 'brief.example' })
    await segments.add(desk.world, 'cli', { slug: 'brief', list: 'daily', rule })
    const owner = await colleague(desk, 'owner')
    const found = async (query: string) => addressesIn(await (await owner.get(`/admin/readers${query}`)).text())
    expect(await found('')).toEqual(['max@brief.example', 'deniz@posta.example', 'leyla@posta.example'])
    expect(await found(`?search=${encodeURIComponent('ليلي')}`)).toEqual(['leyla@posta.example'])
    expect(await found('?search=deniz%40posta.example')).toEqual(['deniz@posta.example'])
    expect(await found('?domain=posta.example&list=daily&state=active')).toEqual([
      'deniz@posta.example',
      'leyla@posta.example',
    ])
    expect(await found('?segment=brief')).toEqual(['max@brief.example'])
    expect(await found('?suppressed=yes')).toEqual([])
    expect(await found('?joined-after=2026-12-02')).toEqual([])
    expect(await found('?joined-before=2026-12-02&language=ar')).toHaveLength(3)
    const page = await (await owner.get('/admin/readers?domain=posta.example')).text()
    expect(page).toContain('value="posta.example"')
    for (const query of [
      '?state=gone',
      '?joined-after=soon',
      '?list=nothing',
      '?segment=nothing',
      '?after=zzzzzzzzzzz',
    ])
      expect([query, [404, 422]]).toEqual([
        query,
        expect.arrayContaining([(await owner.get(`/admin/readers${query}`)).status]),
      ])
  })

  test('come fifty to a page, each once', async () => {
    await using desk = await openDesk(kind)
    await bring(
      desk.world,
      'daily',
      Array.from({ length: 120 }, (_, n) => `reader${n}@posta.example,`),
    )
    const owner = await colleague(desk, 'owner')
    const seen: string[] = []
    for (let path: string | undefined = '/admin/readers?list=daily'; path; ) {
      const page = await (await owner.get(path)).text()
      const here = addressesIn(page)
      expect(here.length).toBeLessThanOrEqual(50)
      seen.push(...here)
      path = /rel="next" href="([^"]+)"/.exec(page)?.[1]?.replaceAll('&amp;', '&')
    }
    expect(seen).toHaveLength(120)
    expect(new Set(seen).size).toBe(120)
  })

  test('have a page with what happened to them, by whom, and why an edition came', async () => {
    await using desk = await openDesk(kind)
    const { readers, ...digest } = await mailing(desk.world, 1)
    await edition(desk.world, { ...digest, readers })
    const owner = await colleague(desk, 'owner')
    const page = await (await owner.get(`/admin/readers/${readers[0]!.public_id}`)).text()
    expect(page).toContain(readers[0]!.address)
    expect(page).toContain('class="timeline"')
    expect(page).toMatch(/<bdi>أخبار الصباح<\/bdi> · [^<]* 2026: /)
    for (const strange of ['zzzzzzzzzzz', 'x', '%00', "1'--"])
      expect([strange, (await owner.get(`/admin/readers/${strange}`)).status]).toEqual([strange, 404])
  })

  test('leave when they asked for it in another way: with the reason, by whom, and for good', async () => {
    await using desk = await openDesk(kind)
    await bring(desk.world, 'daily', ['leyla@posta.example,'])
    const owner = await colleague(desk, 'owner')
    const path = await pathTo(desk, 'leyla@posta.example')
    expect((await owner.post(`${path}/leave`, { list: 'daily', 'reason-daily': ' ' })).status).toBe(422)
    expect(
      (await owner.post(`${path}/leave`, { list: 'daily', 'reason-daily': 'rang us, from leyla@posta.example' }))
        .status,
    ).toBe(303)
    const shown = await subscribers.show(desk.world.db, 'leyla@posta.example')
    expect(shown.subscriptions).toMatchObject([{ state: 'left', left_reason: 'desk' }])
    expect(shown.consents.at(-1)).toMatchObject({
      ...{ kind: 'left', form: '/admin', actor: `account:${owner.account.public_id}` },
      wording: 'rang us, from l…@posta.example',
    })
    await bring(desk.world, 'daily', ['leyla@posta.example,'])
    expect((await subscribers.show(desk.world.db, 'leyla@posta.example')).subscriptions[0]!.state).toBe('left')
    expect(JSON.stringify(desk.world.logs)).not.toContain('leyla')
  })

  test('are suppressed with a reason, and only what a bounce said is lifted', async () => {
    await using desk = await openDesk(kind)
    await bring(desk.world, 'daily', ['a@posta.example,', 'b@posta.example,'])
    const owner = await colleague(desk, 'owner')
    const [one, other] = [await pathTo(desk, 'a@posta.example'), await pathTo(desk, 'b@posta.example')]
    expect((await owner.get(`${one}/suppress`)).status).toBe(200)
    expect((await owner.post(`${one}/suppress`, { reason: '' })).status).toBe(422)
    expect((await owner.post(`${one}/suppress`, { reason: 'threatened the newsroom' })).status).toBe(303)
    await subscribers.suppress(desk.world, 'job', 'b@posta.example', 'bounced 5.1.1')
    expect(await (await owner.get(one)).text()).not.toContain('/lift"')
    expect((await owner.post(`${one}/lift`)).status).toBe(409)
    expect(await (await owner.get(other)).text()).toContain('/lift"')
    expect((await owner.post(`${other}/lift`)).status).toBe(303)
    const left = await subscribers.suppressions(desk.world.db, {}, 10)
    expect(left).toMatchObject([{ address: 'a@posta.example', reason: 'threatened the newsroom' }])
  })

  test('get all that is held of them, and are erased when somebody is sure', async () => {
    await using desk = await openDesk(kind)
    await bring(desk.world, 'daily', ['leyla@posta.example,ليلى'])
    const owner = await colleague(desk, 'owner')
    const path = await pathTo(desk, 'leyla@posta.example')
    const file = await owner.get(`${path}/data.json`)
    expect(file.headers.get('content-disposition')).toMatch(/^attachment; filename="reader-\w{11}\.json"$/)
    expect(await file.json()).toMatchObject({ address: 'leyla@posta.example', name: 'ليلى' })
    expect((await owner.get(`${path}/erase`)).status).toBe(200)
    expect((await owner.post(`${path}/erase`)).status).toBe(422)
    expect((await owner.post(`${path}/erase`, { sure: '1' })).status).toBe(303)
    const page = await owner.get(path)
    expect(page.status).toBe(200)
    expect(await page.text()).not.toMatch(/leyla|ليلى/)
    expect((await owner.post(`${path}/erase`, { sure: '1' })).status).toBe(404)
  })

  test('a role for one list sees its readers only, and of each only what concerns that list', async () => {
    await using desk = await openDesk(kind)
    const own = await subscribers.addList(desk.world, 'cli', { slug: 'own', title: 'Own' })
    await bring(desk.world, 'foreign', ['both@posta.example,', 'theirs@posta.example,'])
    await bring(desk.world, 'own', ['both@posta.example,', 'ours@posta.example,'])
    const scoped = await colleague(desk, 'list-manager', own.id)
    const found = async (query: string) => addressesIn(await (await scoped.get(`/admin/readers${query}`)).text()).sort()
    for (const query of ['', '?list=own', '?domain=posta.example', '?search=both', '?suppressed=no'])
      expect([query, await found(query)]).toEqual([
        query,
        query.endsWith('both') ? ['both@posta.example'] : ['both@posta.example', 'ours@posta.example'],
      ])
    expect(await found('?search=theirs%40posta.example')).toEqual([])
    expect((await scoped.get('/admin/readers?list=foreign')).status).toBe(404)
    const [both, theirs] = [await pathTo(desk, 'both@posta.example'), await pathTo(desk, 'theirs@posta.example')]
    const page = await (await scoped.get(both)).text()
    expect(page).toContain('<bdi>Own</bdi>')
    expect(page).not.toContain('foreign')
    expect(await (await scoped.get('/admin/readers')).text()).not.toContain('foreign')
    expect((await scoped.get(theirs)).status).toBe(404)
    expect((await scoped.post(`${both}/leave`, { list: 'foreign', 'reason-foreign': 'asked' })).status).toBe(403)
    expect((await scoped.post(`${theirs}/leave`, { list: 'own', 'reason-own': 'asked' })).status).toBe(404)
    for (const deed of ['suppress', 'erase', 'lift'])
      expect([deed, (await scoped.post(`${both}/${deed}`, { reason: 'x', sure: '1' })).status]).toEqual([deed, 403])
    expect((await scoped.get(`${both}/data.json`)).status).toBe(403)
    expect((await scoped.post(`${both}/leave`, { list: 'own', 'reason-own': 'asked' })).status).toBe(303)
    const { subscriptions } = await subscribers.show(desk.world.db, 'both@posta.example')
    expect(subscriptions.map(({ list, state }) => [list, state])).toEqual([
      ['foreign', 'active'],
      ['own', 'left'],
    ])
  })
})

/** Brings readers into a list, which is made where there is none: lines of `address,name`. */
async function bring(world: World, list: string, lines: string[]): Promise<void> {
  const known = await world.db.selectFrom('list').select('id').where('slug', '=', list).executeTakeFirst()
  if (!known) await subscribers.addList(world, 'cli', { slug: list, title: list, language: 'ar' })
  await subscribers.importCsv(world, 'cli', Readable.from([`email,name\n${lines.join('\n')}\n`]), { list })
}

async function pathTo({ world }: Desk, address: string): Promise<string> {
  const { public_id } = await world.db
    .selectFrom('subscriber')
    .select('public_id')
    .where('address_hash', '=', addressHash(email(address)))
    .executeTakeFirstOrThrow()
  return `/admin/readers/${public_id}`
}

function addressesIn(page: string): string[] {
  return [...page.matchAll(/<a href="\/admin\/readers\/\w{11}"><bdi dir="ltr">([^<]+)<\/bdi>/g)].map(([, one]) => one!)
}

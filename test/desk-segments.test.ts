import { Readable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import * as segments from '../src/segments/index.ts'
import * as subscribers from '../src/subscribers/index.ts'
import { colleague, openDesk } from './desk.ts'
import { databases, type World } from './world.ts'

describe.each(databases)('the segments at the desk, on %s', (kind) => {
  test('are looked at in words and numbers, and kept; simple ones are made of fields', async () => {
    await using desk = await openDesk(kind)
    await bring(desk.world, 'daily', ['a@posta.example', 'b@posta.example', 'c@brief.example'])
    const owner = await colleague(desk, 'owner')
    expect((await owner.get('/admin/segments/_add')).status).toBe(200)
    const fields = { title: 'At Posta', slug: 'posta', list: 'daily', 'b-domain': 'posta.example', 'b-language': 'ar' }
    const seen = await owner.post('/admin/segments/_look', fields)
    expect(seen.status).toBe(200)
    const page = await seen.text()
    expect(page).toContain('posta.example')
    expect(page).toMatch(/role="status"><p>[^<]*«daily»[^<]*<\/p><p>قارئان/)
    expect(page).toContain('&quot;domain&quot;') // the rule, to be written on
    expect(await segments.all(desk.world.db)).toEqual([])
    expect((await owner.post('/admin/segments', fields)).status).toBe(303)
    const rule = { and: [{ language: ['ar'] }, { domain: ['posta.example'] }] }
    expect(JSON.parse((await segments.find(desk.world.db, 'posta')).rule)).toEqual(rule)
    expect(await (await owner.get('/admin/segments')).text()).toContain('href="/admin/segments/posta"')
    expect(await (await owner.get('/admin/segments/posta')).text()).toContain('hx-get="/admin/segments/posta/count"')
    expect(await (await owner.get('/admin/segments/posta/count')).text()).toContain('قارئان')
    const file = await (await owner.get('/admin/segments/posta/readers.csv')).text()
    expect(file.split('\r\n').filter(Boolean)).toHaveLength(3)
    expect(file).not.toContain('brief')
  })

  test('take any rule as JSON, and say what is wrong beside it', async () => {
    await using desk = await openDesk(kind)
    await bring(desk.world, 'daily', ['a@posta.example'])
    const owner = await colleague(desk, 'owner')
    const typed = (rule: string) => owner.post('/admin/segments', { title: 'x', slug: 'x', list: 'daily', rule })
    for (const rule of [
      '{',
      '{"langauge": "ar"}',
      '{"language": 5}',
      '[]',
      '{"list": "nothing"}',
      '{"field": {"name": "city", "is": "x"}}',
    ]) {
      const answer = await typed(rule)
      expect([rule, [404, 422]]).toEqual([rule, expect.arrayContaining([answer.status])])
      const page = await answer.text()
      expect(page).toContain('role="alert"')
      if (rule.startsWith('{"lang'))
        expect(page.indexOf('role="alert"')).toBeGreaterThan(page.indexOf('name="b-domain"'))
    }
    expect((await owner.post('/admin/segments', { title: 'x', slug: 'x', list: 'daily' })).status).toBe(422)
    expect((await typed('{"not": {"domain": "posta.example"}}')).status).toBe(303)
    expect((await typed('{"confirmed": true}')).status).toBe(409) // the slug is taken
    await desk.world.db
      .insertInto('digest')
      .values({
        ...{ slug: 'weekly', title: 'Weekly', max: 5, min: 1, max_age: 1, late: 1, created_at: 0 as never },
        list_id: (await subscribers.findList(desk.world.db, 'daily')).id,
        channel_id: (await desk.world.db.selectFrom('channel').select('id').executeTakeFirstOrThrow()).id,
        segment_id: (await segments.find(desk.world.db, 'x')).id,
      })
      .execute()
    expect(await (await owner.get('/admin/segments')).text()).toContain('/admin/digests/weekly')
    expect((await owner.post('/admin/segments/x/remove')).status).toBe(409)
    await desk.world.db.deleteFrom('digest').execute()
    expect((await owner.post('/admin/segments/x/remove')).status).toBe(303)
    for (const strange of ['x', '%00', "1'--"]) expect((await owner.get(`/admin/segments/${strange}`)).status).toBe(404)
  })

  test('of a list are for those who work for it, and ask about no other list', async () => {
    await using desk = await openDesk(kind)
    await bring(desk.world, 'foreign', ['a@posta.example'])
    await bring(desk.world, 'own', ['a@posta.example'])
    const own = await subscribers.findList(desk.world.db, 'own')
    await segments.add(desk.world, 'cli', { slug: 'theirs', list: 'foreign', rule: '{"confirmed": false}' })
    const scoped = await colleague(desk, 'list-manager', own.id)
    const fields = { title: 'x', slug: 'x', list: 'own', rule: '{"confirmed": false}' }
    for (const path of ['', '/count', '/readers.csv'])
      expect([path, (await scoped.get(`/admin/segments/theirs${path}`)).status]).toEqual([path, 403])
    expect((await scoped.post('/admin/segments/theirs/remove')).status).toBe(403)
    expect(await (await scoped.get('/admin/segments')).text()).not.toContain('theirs')
    for (const path of ['/admin/segments', '/admin/segments/_look']) {
      expect((await scoped.post(path, { ...fields, list: 'foreign' })).status).toBe(403)
      expect((await scoped.post(path, { ...fields, rule: '{"not": {"list": "foreign"}}' })).status).toBe(404)
    }
    expect((await scoped.post('/admin/segments', fields)).status).toBe(303)
    expect((await scoped.get('/admin/readers?segment=theirs')).status).toBe(404)
    expect((await scoped.get('/admin/readers?segment=x')).status).toBe(200)
  })
})

describe.each(databases)('the suppressions at the desk, on %s', (kind) => {
  test('are shown with their reasons, found by address, added and, where a bounce said so, lifted', async () => {
    await using desk = await openDesk(kind)
    const owner = await colleague(desk, 'owner')
    const path = '/admin/readers/suppressions'
    expect((await owner.post(path, { address: 'a@posta.example', reason: ' ' })).status).toBe(422)
    expect((await owner.post(path, { address: 'not one', reason: 'x' })).status).toBe(422)
    expect((await owner.post(path, { address: 'a@posta.example', reason: 'asked by letter' })).status).toBe(303)
    await subscribers.suppress(desk.world, 'job', 'b@posta.example', 'bounced 5.1.1')
    for (let n = 0; n < 55; n++) await subscribers.suppress(desk.world, 'job', `c${n}@posta.example`, 'complaint')
    const page = await (await owner.get(path)).text()
    expect(page.match(/<tr>/g)).toHaveLength(51)
    const next = /rel="next" href="([^"]+)"/.exec(page)![1]!
    const last = await (await owner.get(next)).text()
    expect(last).toContain('a@posta.example')
    expect(last.match(/name="address" value="[^"]+"/g)).toEqual(['name="address" value="b@posta.example"'])
    expect(await (await owner.get(`${path}?search=A%40posta.example`)).text()).toContain('asked by letter')
    expect((await owner.get(`${path}?search=posta`)).status).toBe(422)
    expect((await (await owner.get(`${path}?reason=BOUNCED`)).text()).match(/<tr>/g)).toHaveLength(2)
    expect((await owner.post(`${path}/lift`, { address: 'a@posta.example' })).status).toBe(409)
    expect((await owner.post(`${path}/lift`, { address: 'b@posta.example' })).status).toBe(303)
    const file = await (await owner.get(`${path}/_all.csv`)).text()
    expect(file.split('\r\n').filter(Boolean)).toHaveLength(57)
    expect(JSON.stringify(desk.world.logs)).not.toContain('posta.example')
  })

  test('write no formula into their file', async () => {
    await using desk = await openDesk(kind)
    const owner = await colleague(desk, 'owner')
    await subscribers.suppress(desk.world, 'cli', '=cmd@posta.example', '=HYPERLINK("https://evil.example")')
    const file = await (await owner.get('/admin/readers/suppressions/_all.csv')).text()
    expect(file).not.toMatch(/(^|[,"])=/m)
  })

  test('concern all lists: a role for one does not see them', async () => {
    await using desk = await openDesk(kind)
    const own = await subscribers.addList(desk.world, 'cli', { slug: 'own', title: 'Own' })
    const scoped = await colleague(desk, 'list-manager', own.id)
    for (const path of ['', '/_all.csv', '/_add'])
      expect((await scoped.get(`/admin/readers/suppressions${path}`)).status).toBe(403)
    for (const path of ['', '/lift'])
      expect(
        (await scoped.post(`/admin/readers/suppressions${path}`, { address: 'a@posta.example', reason: 'x' })).status,
      ).toBe(403)
    expect(await (await scoped.get('/admin/readers')).text()).not.toContain('suppressions')
  })
})

async function bring(world: World, list: string, addresses: string[]): Promise<void> {
  await subscribers.addList(world, 'cli', { slug: list, title: list, language: 'ar' })
  await subscribers.importCsv(world, 'cli', Readable.from([`email\n${addresses.join('\n')}\n`]), { list })
}

import { describe, expect, test } from 'vitest'
import * as subscribers from '../src/subscribers/index.ts'
import { colleague, openDesk } from './desk.ts'
import { mailing } from './mailing.ts'
import { databases } from './world.ts'

describe.each(databases)('the lists at the desk, on %s', (kind) => {
  test('are made, shown with their readers and digests, and changed; what was typed stays with what is wrong', async () => {
    await using desk = await openDesk(kind)
    await mailing(desk.world, 3, 'morning')
    const owner = await colleague(desk, 'owner')
    expect((await owner.get('/admin/lists/_add')).status).toBe(200)
    const made = await owner.post('/admin/lists', { title: 'نشرة المساء', slug: 'evening', public: '1' })
    expect([made.status, made.headers.get('location')]).toEqual([303, '/admin/lists/evening?told=saved'])
    const again = await owner.post('/admin/lists', { title: 'أخرى', slug: 'evening' })
    expect(again.status).toBe(409)
    expect(await again.text()).toContain('value="أخرى"')
    const table = await (await owner.get('/admin/lists')).text()
    expect(table).toContain('<a href="/admin/lists/evening"><bdi>نشرة المساء</bdi></a>')
    expect(table).toContain('<a href="/admin/readers?list=morning&amp;state=active">3</a>')
    expect(table).toContain('href="/admin/digests/morning"')
    const fields = { title: 'نشرة الليل', language: 'tr', sender: 'ليل <night@news.example>', reply_to: '' }
    expect((await owner.post('/admin/lists/evening', fields)).status).toBe(303)
    const list = await subscribers.findList(desk.world.db, 'evening')
    expect(list).toMatchObject({
      ...{ title: 'نشرة الليل', language: 'tr', sender: 'ليل <night@news.example>', reply_to: null },
      ...{ visibility: 'private', single_opt_in: null },
    })
    const wrong = await owner.post('/admin/lists/evening', { ...fields, reply_to: 'not an address' })
    expect(wrong.status).toBe(422)
    expect(await wrong.text()).toContain('value="not an address"')
  })

  test('spare readers the confirmation only with a reason', async () => {
    await using desk = await openDesk(kind)
    const owner = await colleague(desk, 'owner')
    await subscribers.addList(desk.world, 'cli', { slug: 'daily', title: 'Daily', public: true })
    const fields = { title: 'Daily', public: '1', single: '1', reason: ' ' }
    expect((await owner.post('/admin/lists/daily', fields)).status).toBe(422)
    const stored = async () => (await subscribers.findList(desk.world.db, 'daily')).single_opt_in
    expect(await stored()).toBeNull()
    expect(
      (await owner.post('/admin/lists/daily', { ...fields, reason: 'every reader signs a paper form' })).status,
    ).toBe(303)
    expect(await stored()).toBe('every reader signs a paper form')
    const kept = { title: 'Daily', public: '1', reason: 'every reader signs a paper form' }
    expect((await owner.post('/admin/lists/daily', kept)).status).toBe(303)
    expect(await stored()).toBeNull()
  })

  test('have their own words of welcome and goodbye, for each language', async () => {
    await using desk = await openDesk(kind)
    const owner = await colleague(desk, 'owner')
    const { id } = await subscribers.addList(desk.world, 'cli', { slug: 'daily', title: 'Daily', language: 'ar' })
    const path = '/admin/lists/daily/letters'
    const words = 'Hoş geldiniz\n\nMerhaba {{name}}, {{list}} yarın sabah ilk kez gelir.'
    expect((await owner.post(path, { kind: 'welcome', language: 'tr', words })).status).toBe(303)
    expect((await owner.post(path, { kind: 'goodbye', language: 'ar', words: '' })).status).toBe(303)
    expect(await subscribers.lettersOf(desk.world.db, id)).toMatchObject([
      { kind: 'goodbye', language: 'ar', subject: '' },
      { kind: 'welcome', language: 'tr', subject: 'Hoş geldiniz' },
    ])
    expect(await (await owner.get(`${path}?kind=welcome&language=tr`)).text()).toContain('Merhaba {{name}}')
    const wrong = await owner.post(path, { kind: 'welcome', language: 'tr', words: 'Konu\n\nMerhaba {{isim}}' })
    expect(wrong.status).toBe(422)
    expect(await wrong.text()).toContain('Merhaba {{isim}}')
    expect((await owner.post(`${path}/remove`, { kind: 'welcome', language: 'tr' })).status).toBe(303)
    expect(await subscribers.lettersOf(desk.world.db, id)).toHaveLength(1)
    expect((await owner.get(`${path}?language=%00%22x`)).status).toBe(200)
  })

  test('show the page and the form by which readers join, where anybody may', async () => {
    await using desk = await openDesk(kind)
    const owner = await colleague(desk, 'owner')
    await subscribers.addList(desk.world, 'cli', { slug: 'daily', title: 'Daily', public: true })
    await subscribers.addList(desk.world, 'cli', { slug: 'inner', title: 'Inner' })
    const page = await (await owner.get('/admin/lists/daily/form')).text()
    expect(page).toContain('https://news.example/subscribe?list=daily')
    expect(page).toContain('&lt;iframe src=')
    expect(page).not.toContain('<iframe')
    expect(await (await owner.get('/admin/lists/inner/form')).text()).not.toContain('/subscribe?list=inner')
  })

  test('a role for one list sees that list alone', async () => {
    await using desk = await openDesk(kind)
    const own = await subscribers.addList(desk.world, 'cli', { slug: 'own', title: 'The own one' })
    await subscribers.addList(desk.world, 'cli', { slug: 'foreign', title: 'The foreign one' })
    const scoped = await colleague(desk, 'list-manager', own.id)
    const table = await (await scoped.get('/admin/lists')).text()
    expect(table).toContain('The own one')
    expect(table).not.toMatch(/foreign|_add/)
    expect((await scoped.get('/admin/lists/own')).status).toBe(200)
    expect((await scoped.post('/admin/lists/own', { title: 'Renamed' })).status).toBe(303)
    for (const path of ['', '/letters', '/form'])
      expect([path, (await scoped.get(`/admin/lists/foreign${path}`)).status]).toEqual([path, 403])
    for (const path of ['', '/letters', '/letters/remove'])
      expect([path, (await scoped.post(`/admin/lists/foreign${path}`, { title: 'x' })).status]).toEqual([path, 403])
    expect((await scoped.post('/admin/lists', { title: 'x', slug: 'x' })).status).toBe(403)
    expect((await scoped.get('/admin/lists/nothing')).status).toBe(403)
    const file = await scoped.get('/admin/lists/own/readers.csv')
    expect(await file.text()).toMatch(/^\ufeff?email,name,/)
    expect((await scoped.get('/admin/lists/foreign/readers.csv')).status).toBe(403)
    const looking = await colleague(desk, 'reader')
    expect(await (await looking.get('/admin/lists/own')).text()).not.toContain('<textarea')
    expect((await looking.post('/admin/lists/own', { title: 'x' })).status).toBe(403)
    expect((await subscribers.findList(desk.world.db, 'foreign')).title).toBe('The foreign one')
  })
})

import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { say } from '../src/locale.ts'
import * as relaySettings from '../src/relay-settings.ts'
import * as site from '../src/site.ts'
import { colleague, openDesk } from './desk.ts'
import { openRelay } from './relay.ts'
import { databases } from './world.ts'

const GIF = Buffer.from('R0lGODlhAQABAIAAAP///wAAACH5BAAAAAAALAAAAAABAAEAAAICRAEAOw==', 'base64')

describe.each(databases)('the settings at the desk, on %s', (kind) => {
  test('change who the paper is, its logo too; a colour that is none is said, and what was typed stays', async () => {
    await using desk = await openDesk(kind)
    const owner = await colleague(desk, 'owner')
    const form = new FormData()
    for (const [name, value] of Object.entries({
      name: 'جريدة المضيق',
      tagline: 'كل صباح',
      accent: '#005f73',
      language: 'ar',
      zone: 'Europe/Berlin',
    }))
      form.append(name, value)
    form.append('logo', new File([GIF], 'logo.gif'))
    const saved = await owner.send('/admin/settings', form)
    expect([saved.status, saved.headers.get('location')]).toEqual([303, '/admin/settings?told=saved'])
    const paper = await site.show(desk.world, desk.world.db)
    expect(paper).toMatchObject({ name: 'جريدة المضيق', tagline: 'كل صباح', accent: '#005f73', zone: 'Europe/Berlin' })
    expect(paper.logo_id).not.toBeNull()
    form.set('accent', 'red')
    form.set('tagline', 'سطر لم يُحفظ')
    const refused = await owner.send('/admin/settings', form)
    expect(refused.status).toBe(422)
    expect(await refused.text()).toContain('سطر لم يُحفظ')
    expect((await site.show(desk.world, desk.world.db)).tagline).toBe('كل صباح')
    form.set('logo', new File(['<svg onload="alert(1)"/>'], 'logo.svg'))
    form.set('accent', '#005f73')
    expect((await owner.send('/admin/settings', form)).status).toBe(422)
  })

  test('hold the standing pages, without what could run', async () => {
    await using desk = await openDesk(kind)
    const owner = await colleague(desk, 'owner')
    const about = '<p>من نحن</p><script>alert(1)</script><p onclick="x()">ونكتب كل يوم</p>'
    expect((await owner.post('/admin/settings/pages', { about, contact: 'شارع المرفأ 12' })).status).toBe(303)
    const paper = await site.show(desk.world, desk.world.db)
    expect(paper.about).toContain('من نحن')
    expect(paper.about).not.toMatch(/script|onclick/)
    expect(paper.contact).toBe('<p>شارع المرفأ 12</p>')
  })

  test('take a relay, try it with a letter to whoever asks, and say what it answered', async () => {
    await using relay = await openRelay()
    await using deaf = await openRelay({ rcpt: () => '550 5.7.1 not from you' })
    await using desk = await openDesk(kind)
    const owner = await colleague(desk, 'owner')
    expect((await owner.post('/admin/settings/mail/test')).status).toBe(409)
    for (const [path, relays] of [
      ['/admin/settings/mail/relays', 'smtp://news:wrenpass@relay.example:587?wrong=1'],
      ['/admin/settings/mail/relays', 'news:wrenpass@relay.example'],
      ['/admin/start/relay', 'smtp://news:wren#pass?wrenpass@relay.example'],
    ] as const) {
      const wrong = await owner.post(path, { relays })
      const said = await wrong.text()
      expect([path, wrong.status, said.includes('wrenpass')]).toEqual([path, 422, false])
      expect(said).toMatch(/<textarea id="relays"[^>]*><\/textarea>/)
      expect(said).toContain(say('ar', 'desk.settings-relays-gone')) // and says why
    }
    expect(await (await owner.get('/admin/settings/mail')).text()).not.toContain(say('ar', 'desk.settings-relays-gone'))
    const relays = `${relay.url}\n${deaf.url}`
    expect((await owner.post('/admin/settings/mail/relays', { relays })).status).toBe(303)
    const page = await (await owner.post('/admin/settings/mail/test')).text()
    expect(page).toContain('550 5.7.1 not from you')
    expect(relay.received.map(({ to }) => to)).toEqual([owner.address])
    expect(relay.received[0]!.source).toMatch(/^From: [^<]*<paper@news\.example>/m)
    const shown = await (await owner.get('/admin/settings/mail')).text()
    expect(shown).toContain(`127.0.0.1:${relay.port}`)
    await owner.post('/admin/settings/mail/relays', { relays: '' })
    expect(relaySettings.relaysOf(desk.world)).toEqual([])
  })

  test('make a key, show the record to publish, and the next one signs a day later', async () => {
    await using desk = await openDesk(kind)
    const owner = await colleague(desk, 'owner')
    expect((await owner.post('/admin/settings/keys')).status).toBe(303)
    const page = await (await owner.get('/admin/settings/keys')).text()
    expect(page).toContain('<code>n202612._domainkey.news.example</code>')
    expect(page).toMatch(/<code>v=DKIM1; k=rsa; p=[A-Za-z0-9+/=]{300,}<\/code>/)
    await owner.post('/admin/settings/keys')
    const keys = await desk.world.db.selectFrom('dkim_key').select(['selector', 'signs_at']).orderBy('id').execute()
    expect(keys.map(({ selector }) => selector)).toEqual(['n202612', 'n202612a'])
    expect(keys[1]!.signs_at - keys[0]!.signs_at).toBe(86_400_000)
  })

  test('make a backup now, that the page then shows', async () => {
    await using desk = await openDesk(kind)
    const owner = await colleague(desk, 'owner')
    expect((await owner.post('/admin/settings/keeping/backup')).status).toBe(303)
    const folder = join(desk.world.config.data, 'backups')
    const made = async () => (await readdir(folder).catch(() => [])).filter((name) => /^desk-.*\.tar\.gz$/.test(name))
    await expect.poll(made, { timeout: 15_000 }).toHaveLength(1)
    await expect
      .poll(async () => (await owner.get('/admin/settings/keeping')).text(), { timeout: 5000 })
      .toContain((await made())[0]!)
  })

  test('are the owner’s alone', async () => {
    await using desk = await openDesk(kind)
    for (const role of ['editor', 'list-manager', 'sender', 'reader'] as const)
      expect((await (await colleague(desk, role)).get('/admin/settings')).status).toBe(403)
  })
})

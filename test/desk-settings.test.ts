import { readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { say } from '../src/locale.ts'
import * as relaySettings from '../src/relay-settings.ts'
import * as retention from '../src/retention.ts'
import * as site from '../src/site.ts'
import * as subscribers from '../src/subscribers/index.ts'
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
    form.delete('logo')
    form.set('no-logo', '1')
    expect((await owner.send('/admin/settings', form)).status).toBe(303)
    expect((await site.show(desk.world, desk.world.db)).logo_id).toBeNull()
    const [line] = await desk.world.db.selectFrom('change').select('after').orderBy('id', 'desc').limit(1).execute()
    expect(JSON.parse(line!.after!)).toEqual({ tagline: 'سطر لم يُحفظ', logo_id: null }) // what changed, and no more
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
    const page = await (await owner.get('/admin/settings/pages')).text()
    expect(page).toContain('<a href="/about">')
    expect(page).not.toContain('<a href="/privacy">')
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

  test('say of a relay that does not take the letter what is the matter, in words', async () => {
    await using later = await openRelay({ rcpt: () => '450 4.2.0 greylisted' })
    await using stranger = await openRelay({ mail: () => '550 5.7.1 sender not allowed' })
    await using full = await openRelay({ rcpt: () => '550 5.1.1 no such user' })
    await using mute = await openRelay({ dot: () => 'cut' })
    await using locked = await openRelay({ ehlo: ['AUTH PLAIN'], auth: () => '535 5.7.8 wrong' })
    await using desk = await openDesk(kind)
    const owner = await colleague(desk, 'owner')
    await desk.world.db.updateTable('account').set({ language: 'en' }).execute()
    const closed = 'smtp://127.0.0.1:9'
    const urls = [later.url, stranger.url, full.url, mute.url, locked.url.replace('//', '//user:wrong@'), closed]
    await owner.post('/admin/settings/mail/relays', { relays: urls.join('\n') })
    const page = await (await owner.post('/admin/settings/mail/test')).text()
    const said = [...page.matchAll(/<p>([^<]*127\.0\.0\.1:\d+[^<]*)<\/p>/g)].map(([, words]) => words!.replace(/127\S*:\d+/, 'R')) // biome-ignore format: one line
    expect(said).toEqual([
      'R does not take the letter now and asks to try again later. An edition would do that by itself.',
      expect.stringMatching(/^R refused the letter because of who sends it\./),
      'R refused the letter.',
      expect.stringMatching(/^R fell silent after the letter/),
      expect.stringMatching(/^R does not accept the user and the password\./),
      'Nothing answers at R. Check host and port, and whether a firewall stands between.',
    ])
    expect(page).toContain('450 4.2.0 greylisted')
  })

  test('make a key, show the record to publish, and one next key that signs a day later', async () => {
    await using desk = await openDesk(kind)
    const owner = await colleague(desk, 'owner')
    await desk.world.db.updateTable('account').set({ language: 'en' }).execute()
    const look = async () => (await owner.get('/admin/settings/keys')).text()
    expect((await owner.post('/admin/settings/keys')).status).toBe(303)
    expect(await look()).toContain('<code>n202612._domainkey.news.example</code>')
    expect(await look()).toMatch(/<code>v=DKIM1; k=rsa; p=[A-Za-z0-9+/=]{300,}<\/code>/)
    await owner.post('/admin/settings/keys')
    await owner.post('/admin/settings/keys') // pressed twice
    const keys = await desk.world.db.selectFrom('dkim_key').select(['selector', 'signs_at']).orderBy('id').execute()
    expect(keys.map(({ selector }) => selector)).toEqual(['n202612', 'n202612a'])
    expect(keys[1]!.signs_at - keys[0]!.signs_at).toBe(86_400_000)
    expect(await look()).toMatch(
      /waiting for its day[\s\S]*Publish its record now; it signs from[\s\S]*Signs letters now\./,
    )
    for (const [hours, words] of [
      [25, /Signs letters now\.[\s\S]*leave its record where it is until <time[^>]*>09\/12\/2026/],
      [7 * 24, /Signs letters now\.[\s\S]*Its record may be taken out of DNS\./],
    ] as const) {
      await sql`update dkim_key set signs_at = signs_at - ${hours * 3_600_000}`.execute(desk.world.db) // time goes by
      expect((await look()).replace(/02\/12\/2026|0[3-8]\/12\/2026/g, '09/12/2026')).toMatch(words)
    }
  })

  test('make a backup now, that the page then shows; one that cannot be made says why and leaves nothing', async () => {
    await using desk = await openDesk(kind)
    const owner = await colleague(desk, 'owner')
    await desk.world.db.updateTable('account').set({ language: 'en' }).execute()
    const look = async () => (await owner.get('/admin/settings/keeping')).text()
    const folder = join(desk.world.config.data, 'backups')
    await writeFile(folder, '') // where the folder should be
    expect((await owner.post('/admin/settings/keeping/backup')).status).toBe(303)
    await expect.poll(look, { timeout: 15_000 }).toContain('cannot be written to')
    await rm(folder)
    await Promise.all([owner.post('/admin/settings/keeping/backup'), owner.post('/admin/settings/keeping/backup')])
    expect(await look()).toMatch(/The database is being copied|Picture|written out|The backup is made/)
    const made = async () => (await readdir(folder).catch(() => [])).filter((name) => /^desk-.*\.tar\.gz$/.test(name))
    await expect.poll(look, { timeout: 15_000 }).toContain('The backup is made')
    expect(await made()).toHaveLength(1)
    expect(await look()).toMatch(new RegExp(`${(await made())[0]}[\\s\\S]*kB[\\s\\S]*nashra restore`))
    expect(await look()).toContain('are free there')
    const other = await desk.world.database.hold('backup')
    await owner.post('/admin/settings/keeping/backup')
    await expect.poll(look, { timeout: 5000 }).toContain('by another process')
    await other!.release()
  })

  test('set how long things are kept, say what is out of bounds, and what the environment decides', async () => {
    await using desk = await openDesk(kind, { NASHRA_KEEP: 'trail=400' })
    const owner = await colleague(desk, 'owner')
    await desk.world.db.updateTable('account').set({ language: 'en' }).execute()
    const path = '/admin/settings/retention'
    const form = { letters: '', imports: '30', files: '7', sessions: '30', backups: '7' }
    expect((await owner.post(path, { ...form, letters: '365' })).headers.get('location')).toBe(`${path}?told=saved`)
    const page = await (await owner.get(path)).text()
    expect(page).toMatch(/name="letters"[^>]* value="365"/)
    expect(page).toContain('400 days <span class="small">NASHRA_KEEP</span>')
    expect(page).not.toContain('name="trail"')
    const refused = await owner.post(path, { ...form, letters: '30' })
    expect([refused.status, /name="letters"[^>]* value="30"/.test(await refused.text())]).toEqual([422, true])
    expect((await owner.post(path, { trail: '90' })).status).toBe(409)
    expect(await retention.of(desk.world, desk.world.db, 'letters')).toBe(365)
    expect(await (await owner.get('/admin/settings/trail?kind=settings')).text()).toContain(
      '<dt>Who got which letter (days):</dt> <dd><del>for ever</del> <ins>365</ins></dd>',
    )
  })

  test('set the paper’s language and each list’s, only those that change, and say what follows', async () => {
    await using desk = await openDesk(kind)
    const owner = await colleague(desk, 'owner')
    for (const slug of ['one', 'two']) await subscribers.addList(desk.world, 'cli', { slug, title: slug })
    const path = '/admin/settings/languages'
    const saved = await owner.post(path, { language: 'tr', 'list-one': 'en', 'list-two': 'ar' })
    expect(saved.headers.get('location')).toBe(`${path}?told=saved`)
    expect((await site.show(desk.world, desk.world.db)).language).toBe('tr')
    expect((await subscribers.allLists(desk.world.db)).map(({ language }) => language)).toEqual(['en', 'ar'])
    const lines = await desk.world.db.selectFrom('change').select(['verb', 'before', 'after']).orderBy('id', 'desc').limit(2).execute() // biome-ignore format: one query
    expect(lines).toEqual([
      { verb: 'list.set', before: '{"language":"ar"}', after: '{"language":"en"}' },
      { verb: 'site.set', before: '{"language":"ar"}', after: '{"language":"tr"}' },
    ])
    expect((await owner.post(path, { language: 'no language' })).status).toBe(422)
  })

  test('are the owner’s alone', async () => {
    await using desk = await openDesk(kind)
    for (const role of ['editor', 'list-manager', 'sender', 'reader'] as const)
      expect((await (await colleague(desk, role)).get('/admin/settings')).status).toBe(403)
  })
})

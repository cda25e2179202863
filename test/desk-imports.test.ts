import { existsSync } from 'node:fs'
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import * as importRuns from '../src/import-runs/index.ts'
import * as subscribers from '../src/subscribers/index.ts'
import { colleague, type Desk, openDesk } from './desk.ts'
import { encode } from './encode.ts'
import { databases } from './world.ts'
import { zipOf } from './zip.ts'

const IMPORTS = '/admin/readers/import'

// The work goes on in a thread with connections of its own, which PGlite has none of.
describe.each(databases.filter((kind) => kind !== 'pglite'))('an import at the desk, on %s', (kind) => {
  test('is brought, tried, taken in and taken back', { timeout: 60_000 }, async () => {
    await using desk = await openNow(kind)
    const owner = await colleague(desk, 'owner')
    await list(desk, 'daily')
    await subscribers.suppress(desk.world, 'cli', 'gone@posta.example')
    const rows = [
      'leyla@posta.example,ليلى',
      'deniz@posta.example,Deniz',
      'gone@posta.example,Gone',
      'no address,=1+1',
      'LEYLA@posta.example,ليلى',
    ]
    const path = await bring(owner, 'daily', 'readers.csv', `البريد,الاسم\n${rows.join('\n')}\n`)
    const first = await (await owner.get(path)).text()
    expect(first).toContain('<bdi>البريد</bdi>')
    expect(first).toContain('leyla@posta.example')
    expect((await owner.post(`${path}/start`)).status).toBe(303) // nothing is imported untried
    expect(await count(desk)).toBe(0)
    expect((await owner.post(`${path}/try`, { 'map-name': 'الاسم' })).status).toBe(303)
    const tried = await settled(owner, path)
    expect(tried).toContain(`${path}/start"`)
    expect(figures(tried)).toEqual([2, 0, 1, 1, 1, 1])
    expect(await count(desk)).toBe(0)
    const rejects = await owner.get(`${path}/rejects.csv`)
    expect(rejects.headers.get('content-disposition')).toContain('attachment')
    expect((await rejects.text()).split('\r\n').slice(1, 3).sort()).toEqual([
      expect.stringMatching(/^readers\.csv,4,skipped,gone@posta\.example,./),
      expect.stringMatching(/^readers\.csv,5,invalid,no address,./),
    ])
    expect((await owner.post(`${path}/start`)).status).toBe(303)
    await settled(owner, path)
    expect(await count(desk)).toBe(2)
    expect(existsSync(join(desk.world.config.data, 'imports', path.split('/').at(-1)!, '0'))).toBe(false)
    const all = await (await owner.get(IMPORTS)).text()
    const id = /name="import" value="(\d+)"/.exec(all)![1]!
    expect((await owner.post(`${IMPORTS}/_undo`, { import: id })).status).toBe(303)
    await comesTrue(async () => (await count(desk)) === 0)
    await comesTrue(async () => (await subscribers.imports(desk.world))[0]!.state === 'undone')
    expect((await subscribers.imports(desk.world))[0]!.actor).toBe(`account:${owner.account.public_id}`)
  })

  test('says in its own words what cannot be read, and is put right there', { timeout: 60_000 }, async () => {
    await using desk = await openNow(kind)
    const owner = await colleague(desk, 'owner')
    await list(desk, 'daily')
    const path = await bring(owner, 'daily', 'kunden.csv', 'Kunde;Wert\nLeyla;leyla@posta.example\n')
    const page = await (await owner.get(path)).text()
    expect(page).toContain('role="alert"')
    expect(page).not.toContain('--map')
    expect((await owner.post(`${path}/try`)).status).toBe(303)
    expect(await settled(owner, path)).toContain('role="alert"')
    expect((await owner.post(`${path}/try`, { 'map-email': 'Wert', 'map-name': 'Kunde' })).status).toBe(303)
    expect(figures(await settled(owner, path))[0]).toBe(1)
    for (const wrong of [{ from: 'nobody' }, { charset: 'x' }, { delimiter: 'ab' }])
      expect((await owner.post(`${path}/try`, wrong)).status).toBe(422)
  })

  test('brings several files, and what is no table is said', { timeout: 60_000 }, async () => {
    await using desk = await openNow(kind)
    const owner = await colleague(desk, 'owner')
    await list(desk, 'daily')
    const form = new FormData()
    form.append('list', 'daily')
    form.append('files', new File(['email\na@posta.example\n'], 'subscribed_members_export_1.csv'))
    form.append('files', new File(['email\na@posta.example\n'], '../../unsubscribed_members_export_1.csv'))
    const path = (await owner.send(IMPORTS, form)).headers.get('location')!
    await owner.post(`${path}/try`)
    const page = await settled(owner, path)
    expect(page).toContain('unsubscribed_members_export_1.csv')
    expect(figures(page)[0]).toBe(0) // who left in one of them is not added by another
    const zip = await bring(owner, 'daily', 'x.zip', 'PK\u0003\u0004 and then nothing')
    expect(await (await owner.get(zip)).text()).toContain('role="alert"')
    const none = new FormData()
    none.append('list', 'daily')
    expect((await owner.send(IMPORTS, none)).status).toBe(422)
    expect((await owner.post(`${path}/remove`)).status).toBe(303)
    expect((await owner.get(path)).status).toBe(404)
  })

  test('says of a file that is no list what it is, and reads tables in whatever encoding they are', async () => {
    await using desk = await openNow(kind)
    const owner = await colleague(desk, 'owner')
    await desk.world.db.updateTable('account').set({ language: 'en' }).execute()
    await list(desk, 'daily')
    const csv = 'البريد,الاسم\nleyla@posta.example,ليلى\n'
    const shown = async (name: string, bytes: Uint8Array) => {
      const form = new FormData()
      form.append('list', 'daily')
      form.append('files', new File([bytes as Uint8Array<ArrayBuffer>], name))
      const path = (await owner.send(IMPORTS, form)).headers.get('location')!
      return (await owner.get(path)).text()
    }
    const workbook = zipOf([
      ['[Content_Types].xml', '<Types/>'],
      ['xl/workbook.xml', '<workbook/>'],
    ])
    for (const [name, bytes, says] of [
      ['readers.xlsx', workbook, 'spreadsheet program’s own file'],
      ['readers.xls', Buffer.from('d0cf11e0a1b11ae10000', 'hex'), 'spreadsheet program’s own file'],
      ['readers.pdf', Buffer.from('%PDF-1.7\n%âãÏÓ\n1 0 obj'), 'text document, not a table'],
      ['readers.jpg', Buffer.from('ffd8ffe000104a46', 'hex'), 'picture'],
      ['readers.html', Buffer.from('<!doctype html><table>'), 'web page'],
      ['empty.csv', Buffer.alloc(0), 'is empty'],
      ['blank.csv', Buffer.alloc(3_000_000, '\n'), 'is empty'],
    ] as const) {
      const page = (await shown(name, bytes)).replaceAll('&#39;', '’').replaceAll("'", '’')
      expect([name, /role="alert">([^<]+)/.exec(page)?.[1]]).toEqual([name, expect.stringContaining(says)])
      expect([name, page.includes('map-email')]).toEqual([name, false]) // there is nothing to choose from
    }
    const arabic = Buffer.from(encode(csv, 'windows-1256'))
    for (const [name, bytes] of [
      ['utf-8.csv', Buffer.from(csv)],
      ['utf-16.csv', Buffer.from(`\ufeff${csv}`, 'utf16le')],
      ['windows-1256.csv', arabic],
    ] as const) {
      const page = await shown(name, bytes)
      expect([name, page.includes('<bdi>ليلى</bdi>'), page.includes('map-email')]).toEqual([name, true, true])
    }
  })

  test('looks at the beginning of a file, and no further, whatever that holds', async () => {
    await using desk = await openNow(kind)
    let read = 0
    async function* blank(): AsyncGenerator<Uint8Array> {
      for (; read < 1e8; read += 65_536) yield Buffer.alloc(65_536, '\n')
    }
    const [sample] = await subscribers.sample(desk.world.db, [{ name: 'a.csv', open: async () => blank() }], {})
    expect(sample!.trouble).toMatchObject({ code: 'csv-empty' })
    expect(read).toBeLessThan(1_000_000)
  })

  test('stops when it is told to, keeps what is in, and goes on', { timeout: 90_000 }, async () => {
    await using desk = await openNow(kind)
    const owner = await colleague(desk, 'owner')
    await list(desk, 'daily')
    const rows = Array.from({ length: 40_000 }, (_, n) => `reader${n}@posta.example`)
    const path = await bring(owner, 'daily', 'many.csv', `email\n${rows.join('\n')}\n`)
    await owner.post(`${path}/try`)
    expect(figures(await settled(owner, path))[0]).toBe(40_000)
    await owner.post(`${path}/start`)
    expect((await owner.post(`${path}/remove`)).status).toBe(409)
    await comesTrue(async () => (await count(desk)) > 0)
    await owner.post(`${path}/stop`)
    const page = await settled(owner, path)
    const kept = await count(desk)
    expect(page).toContain(`${path}/start"`)
    expect(kept).toBeGreaterThan(0)
    expect(kept).toBeLessThan(40_000)
    await owner.post(`${path}/start`)
    await settled(owner, path)
    expect(await count(desk)).toBe(40_000)
  })

  test('that was ended from outside can be begun again; files that nobody wants are forgotten', async () => {
    await using desk = await openNow(kind)
    const owner = await colleague(desk, 'owner')
    await list(desk, 'daily')
    const path = await bring(owner, 'daily', 'a.csv', 'email\na@posta.example\n')
    const id = path.split('/').at(-1)!
    await desk.world.db.updateTable('import_run').set({ state: 'bringing' }).where('public_id', '=', id).execute()
    expect(await (await owner.get(path)).text()).toContain('<progress')
    desk.world.clock.advance({ seconds: 61 })
    expect(await (await owner.get(path)).text()).toContain(`${path}/start"`)
    const folder = join(desk.world.config.data, 'imports')
    expect(await readdir(folder)).toEqual([id])
    await writeFile(join(folder, 'import-other.tmp'), 'of a command that runs')
    desk.world.clock.advance({ hours: 7 * 24 })
    await importRuns.forget(desk.world)
    expect(await readdir(folder)).toEqual(['import-other.tmp'])
  })

  test('is begun once, and not taken away, by two presses at one moment', { timeout: 30_000 }, async () => {
    await using desk = await openNow(kind)
    const owner = await colleague(desk, 'owner')
    await list(desk, 'daily')
    const paths = [
      await bring(owner, 'daily', 'a.csv', 'email\na@posta.example\n'),
      await bring(owner, 'daily', 'b.csv', 'email\nb@posta.example\n'),
    ]
    const read = await importRuns.byPublicId(desk.world.db, paths[0]!.split('/').at(-1)!)
    const runs = [read, await importRuns.byPublicId(desk.world.db, paths[1]!.split('/').at(-1)!)]
    const begun = runs.map((run) => importRuns.begin(desk.world, 'cli', run, 'trying', { everywhere: true }))
    expect((await Promise.allSettled(begun)).map(({ status }) => status)).toEqual(['fulfilled', 'rejected'])
    await expect(importRuns.remove(desk.world, read)).rejects.toMatchObject({ code: 'import-busy' })
    await settled(owner, paths[0]!)
    await comesTrue(async () => !importRuns.isBusy(desk.world))
    await importRuns.begin(desk.world, 'cli', read, 'trying', { everywhere: true }) // as it was read long ago
    expect(importRuns.isBusy(desk.world)).toBe(false)
  })

  test('is of those alone who may import into its list', async () => {
    await using desk = await openNow(kind)
    const owner = await colleague(desk, 'owner')
    const own = await list(desk, 'own')
    await list(desk, 'foreign')
    const scoped = await colleague(desk, 'list-manager', own.id)
    const theirs = await bring(owner, 'foreign', 'theirs.csv', 'email\na@posta.example\n')
    const mine = await bring(scoped, 'own', 'mine.csv', 'email\nb@posta.example\n')
    const form = new FormData()
    form.append('list', 'foreign')
    form.append('files', new File(['email\nc@posta.example\n'], 'c.csv'))
    expect((await scoped.send(IMPORTS, form)).status).toBe(403)
    const room = await (await scoped.get(IMPORTS)).text()
    expect(room).toContain('mine.csv')
    expect(room).not.toMatch(/theirs\.csv|foreign/)
    expect((await scoped.get(mine)).status).toBe(200)
    for (const path of [theirs, `${theirs}/rejects.csv`]) expect((await scoped.get(path)).status).toBe(403)
    for (const deed of ['try', 'start', 'stop', 'remove'])
      expect([deed, (await scoped.post(`${theirs}/${deed}`)).status]).toEqual([deed, 403])
    const done = await subscribers.importCsv(desk.world, 'cli', one('email\nd@posta.example\n'), { list: 'foreign' })
    expect((await scoped.post(`${IMPORTS}/_undo`, { import: String(done.import) })).status).toBe(403)
    expect((await owner.post(`${IMPORTS}/_undo`, { import: '999' })).status).toBe(404)
    expect(await (await scoped.get(IMPORTS)).text()).not.toContain('foreign')
  })

  test('of who has one list changes nothing for the others', { timeout: 60_000 }, async () => {
    await using desk = await openNow(kind)
    const { world } = desk
    await subscribers.addField(world, 'cli', { name: 'city' })
    const own = await list(desk, 'own')
    await list(desk, 'foreign')
    const scoped = await colleague(desk, 'list-manager', own.id)
    const known = 'email,name,city\ndead@posta.example,Dead,Van\nshared@posta.example,Selma,Van\n'
    await subscribers.importCsv(world, 'cli', one(known), { list: 'foreign' })
    await subscribers.importCsv(world, 'cli', one('email,name\nmine@posta.example,Old\n'), { list: 'own' })
    const rows = [
      'dead@posta.example,No,Rize,bounced',
      'shared@posta.example,No,Rize,active',
      'mine@posta.example,New,Rize,active',
      'new@posta.example,New,Rize,active',
    ]
    const path = await bring(scoped, 'own', 'mine.csv', `email,name,city,status\n${rows.join('\n')}\n`)
    await scoped.post(`${path}/try`)
    await settled(scoped, path)
    await scoped.post(`${path}/start`)
    await settled(scoped, path)
    expect(await world.db.selectFrom('suppression').select('id').execute()).toEqual([])
    expect(await standings(desk)).toEqual([
      'dead foreign active Dead {"city":"Van"}',
      'dead own left Dead {"city":"Van"}',
      'mine own active New {"city":"Rize"}',
      'new own active New {"city":"Rize"}',
      'shared foreign active Selma {"city":"Van"}',
      'shared own active Selma {"city":"Van"}',
    ])
    const owner = await colleague(desk, 'owner')
    const again = await bring(owner, 'own', 'mine.csv', `email,name,city,status\n${rows.join('\n')}\n`)
    await owner.post(`${again}/try`)
    await settled(owner, again)
    await owner.post(`${again}/start`)
    await settled(owner, again)
    expect(await world.db.selectFrom('suppression').select('address').execute()).toEqual([
      { address: 'dead@posta.example' },
    ])
    expect(await standings(desk)).toContain('shared foreign active No {"city":"Rize"}')
  })
})

type Colleague = Awaited<ReturnType<typeof colleague>>

/** A desk whose clock stands at this moment: the thread has the real one. */
async function openNow(kind: (typeof databases)[number]): Promise<Desk> {
  const desk = await openDesk(kind)
  desk.world.clock.set(Temporal.Now.instant().toString())
  return desk
}

function list({ world }: Desk, slug: string) {
  return subscribers.addList(world, 'cli', { slug, title: slug, language: 'ar' })
}

async function bring(who: Colleague, slug: string, name: string, text: string): Promise<string> {
  const form = new FormData()
  form.append('list', slug)
  form.append('files', new File([text], name))
  const sent = await who.send(IMPORTS, form)
  expect(sent.status).toBe(303)
  return sent.headers.get('location')!
}

/** The run's page once nothing goes on any more. */
async function settled(who: Colleague, path: string): Promise<string> {
  for (let n = 0; n < 600; n++) {
    const page = await (await who.get(path)).text()
    if (!page.includes('<progress')) {
      await sleep(700) // the thread closes its connections
      return page
    }
    await sleep(50)
  }
  throw new Error('it does not end')
}

async function comesTrue(told: () => Promise<boolean>): Promise<void> {
  for (let n = 0; n < 600; n++) {
    if (await told()) return
    await sleep(25)
  }
  throw new Error('it does not come true')
}

function figures(page: string): number[] {
  return [...page.matchAll(/<dd class="number">(\d+)<\/dd>/g)].map(([, n]) => Number(n))
}

async function count({ world }: Desk): Promise<number> {
  const rows = await world.db.selectFrom('subscription').select('id').where('state', '=', 'active').execute()
  return rows.length
}

async function standings({ world }: Desk): Promise<string[]> {
  const rows = await world.db
    .selectFrom('subscription')
    .innerJoin('subscriber', 'subscriber.id', 'subscriber_id')
    .innerJoin('list', 'list.id', 'list_id')
    .select(['address', 'slug', 'subscription.state', 'name', 'fields'])
    .execute()
  return rows
    .map(({ address, slug, state, name, fields }) => `${address?.split('@')[0]} ${slug} ${state} ${name} ${fields}`)
    .sort()
}

async function* one(text: string) {
  yield text
}

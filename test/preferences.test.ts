import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import fc from 'fast-check'
import { simpleParser } from 'mailparser'
import { describe, expect, test } from 'vitest'
import { instant } from '../db/instant.ts'
import * as articles from '../src/articles/index.ts'
import * as channels from '../src/channels.ts'
import * as deliveries from '../src/deliveries/index.ts'
import * as digests from '../src/digests/index.ts'
import { sign } from '../src/keys.ts'
import * as segments from '../src/segments/index.ts'
import * as subscribers from '../src/subscribers/index.ts'
import { handler } from '../src/web/server.ts'
import { edition, mailing } from './mailing.ts'
import { openRelay } from './relay.ts'
import { databases, openWorld, type World } from './world.ts'

const NOW = '2026-11-23T04:10:00Z'

/** Amal on the list `daily`, which has a digest at eight; `weekly` is another public list, `staff` a private one. */
async function open(kind: (typeof databases)[number] = 'sqlite', environment: Record<string, string> = {}) {
  const world = await openWorld(kind, NOW, { NASHRA_NAME: 'The Paper', ...environment })
  const list = (slug: string, title: string, isPublic: boolean) =>
    subscribers.addList(world, 'cli', { slug, title, language: 'en', public: isPublic })
  await list('daily', 'The Daily', true)
  await list('weekly', 'The Weekly', true)
  await list('staff', 'For Staff', false)
  const file = Readable.from(['email,name\namal@example.org,Amal\n'])
  await subscribers.importCsv(world, 'cli', file, { list: 'daily' })
  const web = handler(world)
  const row = await world.db.selectFrom('subscription').selectAll().executeTakeFirstOrThrow()
  return {
    world,
    id: row.id,
    ...subscribers.tokens(world, row),
    get: (path: string) => web.request(path),
    post: (path: string, fields: Record<string, string> | [string, string][]) =>
      web.request(path, {
        method: 'POST',
        body: new URLSearchParams(fields).toString(),
        headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      }),
    now: () => world.db.selectFrom('subscription').selectAll().where('id', '=', row.id).executeTakeFirstOrThrow(),
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  }
}

const states = async (world: World) =>
  (
    await world.db
      .selectFrom('subscription')
      .innerJoin('list', 'list.id', 'list_id')
      .select(['slug', 'state'])
      .orderBy('subscription.id')
      .execute()
  ).map(({ slug, state }) => `${slug} ${state}`)

function leftLog(world: World): { what: string; list?: string }[] {
  const file = join(world.config.data, 'left.log')
  if (!existsSync(file)) return []
  return readFileSync(file, 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line) as { what: string }) // biome-ignore format: one step a word
}

/** A story of each section and language. */
async function stories(world: World, all: [section: string, language: string][]): Promise<void> {
  const at = instant(world.now())
  await articles.publish(
    world,
    'test',
    all.map(([section, language], n) => ({
      ...{ guid: `s${n}`, title: 'x', body_html: '<p>x</p>', section, language },
      ...{ published_at: at, updated_at: at, authors: [], tags: [] },
    })) as never,
  )
}

/** The sections on the page, in their order. */
async function offered(site: Awaited<ReturnType<typeof open>>): Promise<string[]> {
  const page = await (await site.get(`/preferences/${site.preferences}`)).text()
  return [...page.matchAll(/name="section"[^>]*> <bdi[^>]*>([^<]*)/g)].map(([, name]) => name!).sort()
}

describe.each(databases)('the preference centre on %s', (kind) => {
  test('shows where its reader stands, and never the whole address', async () => {
    await using site = await open(kind)
    const page = await (await site.get(`/preferences/${site.preferences}`)).text()
    expect(page).toContain('a…@example.org')
    expect(page).not.toContain('amal@example.org')
    expect(page).toContain('The Weekly')
    expect(page).not.toContain('For Staff')
  })

  test('keeps what is chosen, and says so', async () => {
    await using site = await open(kind)
    const saved = await site.post(`/preferences/${site.preferences}`, [
      ...Object.entries({ do: 'wishes', frequency: 'weekly', day: '6', minute: '1230', zone: 'Africa/Cairo' }),
      ...([['language', 'ar'], ['format', 'text'], ['choosing', 'sections'], ['section', 'Sport']] as [string, string][]),
    ]) // biome-ignore format: one form
    expect([saved.status, saved.headers.get('Location')]).toEqual([303, `/preferences/${site.preferences}?saved=1`])
    expect(await site.now()).toMatchObject({
      ...{ minute: 1230, weekdays: 32, zone: 'Africa/Cairo', language: 'ar', format: 'text', sections: '["sport"]' },
    })
    const page = await (await site.get(saved.headers.get('Location')!)).text()
    expect(page).toMatch(/<html lang="ar" dir="rtl">/)
    expect(page).toContain('تم الحفظ')
    expect(page).toContain('value="weekly" checked')
    expect(page).toContain('value="1230" selected')
    await site.post(`/preferences/${site.preferences}`, { do: 'wishes', frequency: 'daily', minute: '', zone: '' })
    expect(await site.now()).toMatchObject({ minute: null, weekdays: null, zone: null, language: 'ar' })
    const trail = await world(site).selectFrom('change').select(['actor', 'verb']).execute()
    expect(trail).toContainEqual({ actor: 'reader', verb: 'subscription.prefer' })
  })

  test('offers the sections that letters of its list can have, and no other', async () => {
    await using site = await open(kind)
    const { world } = site
    await stories(world, [['سياسة', 'ar'], ['ثقافة', 'ar'], ['Spor', 'tr'], ['Sport', 'en-GB'], ['World', 'en'], ['World', 'tr'], ['Arts', 'en']]) // biome-ignore format: one list
    const filter = { language: ['en'] }
    await channels.add(world, 'cli', { slug: 'english', title: 'English', filter })
    await channels.add(world, 'cli', { slug: 'two', title: 'Two', filter: { section: ['ثقافه', 'spor'] } })
    const add = (slug: string, channel: string) =>
      digests.add(world, 'cli', { slug, channel, list: 'daily', at: '08:00' })
    await add('morning', 'english')
    expect(await offered(site)).toEqual(['Arts', 'Sport', 'World'])
    await add('noon', 'two')
    expect(await offered(site)).toEqual(['Arts', 'Spor', 'Sport', 'World', 'ثقافة'])
    await site.post(`/preferences/${site.preferences}`, [['do', 'wishes'], ['choosing', 'x'], ['section', 'سياسة']]) // biome-ignore format: one form
    expect(await offered(site)).toContain('سياسه') // nobody loses what was chosen
    await add('all', 'all')
    expect(await offered(site)).toContain('سياسة')
  })

  test('offers the sections of its list, however many others come before them', async () => {
    await using site = await open(kind)
    const { world } = site
    const others = Array.from({ length: 40 }, (_, n): [string, string] => [`Section ${n}`, 'en'])
    await stories(world, [...others, ['سياسة', 'ar'], ['ثقافة', 'ar']])
    await channels.add(world, 'cli', { slug: 'arabic', title: 'Arabic', filter: { language: ['ar'] } })
    await digests.add(world, 'cli', { slug: 'sabah', channel: 'arabic', list: 'daily', at: '08:00' })
    expect(await offered(site)).toEqual(['ثقافة', 'سياسة'])
  })

  test('joins and leaves lists: the link in the mailbox is the confirmation', async () => {
    await using site = await open(kind)
    await site.post(`/preferences/${site.preferences}`, [['do', 'lists'], ['list', 'daily'], ['list', 'weekly'], ['list', 'staff']]) // biome-ignore format: one form
    expect(await states(site.world)).toEqual(['daily active', 'weekly active'])
    const { consents } = await subscribers.show(site.world.db, 'amal@example.org')
    expect(consents.at(-1)).toMatchObject({ list: 'weekly', kind: 'confirmed', form: '/preferences' })
    await site.post(`/preferences/${site.preferences}`, [['do', 'lists'], ['shown', 'daily'], ['shown', 'weekly'], ['list', 'weekly']]) // biome-ignore format: one form
    expect(await states(site.world)).toEqual(['daily left', 'weekly active'])
    expect(leftLog(site.world).filter(({ what }) => what === 'left')).toMatchObject([{ list: 'daily' }])
    await site.post(`/preferences/${site.preferences}`, [['do', 'lists'], ['list', 'daily'], ['list', 'weekly']]) // biome-ignore format: one form
    expect(await states(site.world)).toEqual(['daily active', 'weekly active'])
  })

  test('a pause ends when its day begins where the reader is', async () => {
    await using site = await open(kind)
    await site.post(`/preferences/${site.preferences}`, { do: 'wishes', zone: 'America/New_York' })
    const paused = await site.post(`/preferences/${site.preferences}`, { do: 'pause', until: '2026-12-24' })
    expect(paused.status).toBe(303)
    expect((await site.now()).paused_until).toBe(Date.parse('2026-12-24T05:00:00Z'))
    for (const until of ['2026-11-22', '2026-02-30', '2029-01-01', 'tomorrow', ''])
      expect((await site.post(`/preferences/${site.preferences}`, { do: 'pause', until })).status).toBe(422)
    await site.post(`/preferences/${site.preferences}`, { do: 'resume' })
    expect((await site.now()).paused_until).toBeNull()
  })

  test.each([
    ['an hour', { do: 'wishes', minute: '1230' }],
    ['a weekly letter', { do: 'wishes', frequency: 'weekly', day: '6' }],
    ['another language', { do: 'wishes', language: 'tr' }],
    ['a pause', { do: 'pause', until: '2026-12-24' }],
  ])('what is chosen here is a change to a segment that asks for those: %s', async (_, form) => {
    await using site = await open(kind)
    await segments.add(site.world, 'cli', { slug: 'x', list: 'daily', rule: '{"changed":{"within":"30d"}}' })
    const segment = await segments.find(site.world.db, 'x')
    expect(await segments.count(site.world, segment)).toMatchObject({ readers: 0 })
    expect((await site.post(`/preferences/${site.preferences}`, form)).status).toBe(303)
    expect(await segments.count(site.world, segment)).toMatchObject({ readers: 1 })
  })

  test('hands out all we know as JSON, and erases it when that is meant', async () => {
    await using site = await open(kind)
    const data = await site.get(`/preferences/${site.preferences}/data`)
    expect(data.headers.get('Content-Disposition')).toContain('my-data.json')
    expect(await data.json()).toMatchObject({
      address: 'amal@example.org',
      name: 'Amal',
      subscriptions: [{ list: 'daily' }],
    })
    expect((await site.post(`/preferences/${site.preferences}/erase`, {})).status).toBe(422)
    expect(await states(site.world)).toEqual(['daily active'])
    const erased = await site.post(`/preferences/${site.preferences}/erase`, { sure: 'yes' })
    expect([erased.status, erased.headers.get('Location')]).toEqual([303, '/preferences/erased?lang=en'])
    expect(await (await site.get('/preferences/erased?lang=en')).text()).toContain('You have been erased')
    expect(JSON.stringify(await site.world.db.selectFrom('subscriber').selectAll().execute())).not.toContain('amal')
    for (const path of ['', '/data', '/erase'])
      expect((await site.get(`/preferences/${site.preferences}${path}`)).status).toBe(404)
    expect((await site.get(`/unsubscribe/${site.unsubscribe}`)).status).toBe(200)
    expect((await site.post(`/unsubscribe/${site.unsubscribe}`, { do: 'undo' })).status).toBe(200)
    expect(await states(site.world)).toEqual(['daily left'])
  })
})

const world = (site: { world: World }) => site.world.db

test('whatever a form says, a wish is one that a subscription can hold, or a Problem', async () => {
  await using site = await open()
  const word = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 12 }),
    fc.constantFrom('', '127', '1439', '1e3', 'weekly', 'kept', 'Europe/Paris', '__proto__'),
  )
  const name = fc.constantFrom(
    'do',
    'frequency',
    'day',
    'minute',
    'zone',
    'language',
    'format',
    'choosing',
    'section',
    'until',
    'list',
    'shown',
  )
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(name, word), { maxLength: 12 }),
      fc.constantFrom('wishes', 'lists', 'pause'),
      async (fields, act) => {
        const { status } = await site.post(`/preferences/${site.preferences}`, [['do', act], ...fields])
        expect([303, 422]).toContain(status)
        expect((await site.get(`/preferences/${site.preferences}`)).status).toBe(200)
        const { minute, weekdays, format, language } = await site.now()
        expect(minute === null || (minute >= 0 && minute < 1440)).toBe(true)
        expect(weekdays === null || (weekdays > 0 && weekdays < 127)).toBe(true)
        expect(['html', 'headlines', 'text']).toContain(format)
        expect(() => new Intl.Locale(language)).not.toThrow()
      },
    ),
    { numRuns: 60 },
  )
}, 60_000)

describe('a preference link', () => {
  test('opens for its own purpose and its own reader only, and a refused form changes nothing', async () => {
    await using site = await open()
    const before = await site.now()
    const forged = sign(new Map([[1, Buffer.alloc(32, 7)]]), 'preferences', site.id)
    for (const token of [site.unsubscribe, site.confirm, forged, 'x', '%00'])
      for (const path of ['', '/data', '/erase'])
        expect((await site.get(`/preferences/${token}${path}`)).status).toBe(404)
    for (const act of ['', 'constructor', 'erase', '__proto__'])
      expect((await site.post(`/preferences/${site.preferences}`, { do: act })).status).toBe(422)
    for (const wish of [
      { minute: '1440' },
      { zone: 'Mars' },
      { language: '!!' },
      { format: 'pdf' },
      { frequency: 'weekly', day: '8' },
    ])
      expect((await site.post(`/preferences/${site.preferences}`, { do: 'wishes', ...wish })).status).toBe(422)
    expect(await site.now()).toEqual(before)
  })

  test('is kept by nobody and told to nobody', async () => {
    await using site = await open()
    for (const path of ['', '/data', '/erase', '?saved=1']) {
      const { headers } = await site.get(`/preferences/${site.preferences}${path}`)
      expect(headers.get('Cache-Control')).toBe('no-store, private')
      expect(headers.get('Referrer-Policy')).toBe('no-referrer')
    }
    expect(JSON.stringify(site.world.logs)).not.toContain(site.preferences)
  })
})

describe('on the way out', () => {
  test.each(['weekly', 'pause'])('who has left already is not promised anything by a second tab: %s', async (act) => {
    await using site = await open()
    await site.post(`/unsubscribe/${site.unsubscribe}`, { do: 'leave' })
    const gone = await (await site.get(`/unsubscribe/${site.unsubscribe}`)).text()
    expect(await (await site.post(`/unsubscribe/${site.unsubscribe}`, { do: act })).text()).toBe(gone)
    expect(await site.now()).toMatchObject({ state: 'left', weekdays: null, paused_until: null })
  })

  test('less is offered before nothing: a weekly letter, a pause, all lists at once', async () => {
    await using site = await open()
    const page = await (await site.get(`/unsubscribe/${site.unsubscribe}`)).text()
    for (const act of ['leave', 'weekly', 'pause']) expect(page).toContain(`name="do" value="${act}"`)
    expect(page).not.toContain('value="all"')
    expect(await (await site.post(`/unsubscribe/${site.unsubscribe}`, { do: 'weekly' })).text()).toContain('on Monday')
    expect(await site.now()).toMatchObject({ state: 'active', weekdays: 1 })
    expect(await (await site.post(`/unsubscribe/${site.unsubscribe}`, { do: 'pause' })).text()).toContain(
      '21 December 2026',
    )
    expect((await site.now()).paused_until).toBe(Date.parse('2026-12-20T21:00:00Z'))
    await site.post(`/preferences/${site.preferences}`, [['do', 'lists'], ['list', 'daily'], ['list', 'weekly']]) // biome-ignore format: one form
    expect(await (await site.get(`/unsubscribe/${site.unsubscribe}`)).text()).toContain('value="all"')
    expect(await (await site.post(`/unsubscribe/${site.unsubscribe}`, { do: 'all' })).text()).toContain(
      'all our newsletters',
    )
    expect(await states(site.world)).toEqual(['daily left', 'weekly left'])
    expect(leftLog(site.world).filter(({ what }) => what === 'left')).toHaveLength(2)
  })

  test('a weekly letter comes on the day that it is where the reader is: where the list is, unless told otherwise', async () => {
    await using site = await open() // 07:10 on Monday where the paper is
    const digest = { slug: 'evening', channel: 'all', list: 'daily', at: '20:00', zone: 'America/New_York' }
    await digests.add(site.world, 'cli', digest)
    const weekly = async () => (await site.post(`/unsubscribe/${site.unsubscribe}`, { do: 'weekly' })).text()
    expect(await weekly()).toContain('on Sunday')
    expect((await site.now()).weekdays).toBe(1 << 6)
    await digests.prefer(site.world, 'reader', site.id, { zone: 'Asia/Tokyo', weekdays: null })
    expect(await weekly()).toContain('on Monday')
  })

  test('a leaving can be taken back for a week, by its own reader, unless it was a complaint', async () => {
    await using site = await open()
    const leave = () => site.post(`/unsubscribe/${site.unsubscribe}`, { 'List-Unsubscribe': 'One-Click' })
    await leave()
    expect(await (await site.get(`/unsubscribe/${site.unsubscribe}`)).text()).toContain('value="undo"')
    expect(await (await site.post(`/unsubscribe/${site.unsubscribe}`, { do: 'undo' })).text()).toContain(
      'subscribed again',
    )
    expect((await site.now()).state).toBe('active')
    expect(leftLog(site.world).map(({ what }) => what)).toEqual(['left', 'back'])
    const { consents } = await subscribers.show(site.world.db, 'amal@example.org')
    expect(consents.map(({ kind }) => kind)).toEqual(['imported', 'left', 'confirmed'])
    await leave()
    site.world.clock.advance({ hours: 24 * 8 })
    await site.post(`/unsubscribe/${site.unsubscribe}`, { do: 'undo' })
    expect((await site.now()).state).toBe('left')

    await using other = await open()
    await subscribers.leaveFor(other.world, other.id, 'complaint')
    await other.post(`/unsubscribe/${other.unsubscribe}`, { do: 'undo' })
    expect((await other.now()).state).toBe('left')
  })

  test('one click works without a relay, without a sender, and with nowhere to write left.log', async () => {
    await using site = await open('sqlite', { NASHRA_FROM: '', NASHRA_SMTP: '' })
    rmSync(join(site.world.config.data, 'left.log'), { force: true })
    mkdirSync(join(site.world.config.data, 'left.log')) // a folder cannot be appended to, nor by root
    chmodSync(join(site.world.config.data, 'left.log'), 0o500)
    for (const _ of [1, 2]) {
      const click = await site.post(`/unsubscribe/${site.unsubscribe}`, { 'List-Unsubscribe': 'One-Click' })
      expect([click.status, await click.text()]).toEqual([200, 'OK\n'])
    }
    expect((await site.now()).state).toBe('left')
    expect(JSON.stringify(site.world.logs)).toContain('left.log cannot be written')
    expect(
      (await subscribers.show(site.world.db, 'amal@example.org')).consents.filter(({ kind }) => kind === 'left'),
    ).toHaveLength(1)
  })

  test('letters that are queued already do not go', async () => {
    await using relay = await openRelay()
    await using app = await openWorld('sqlite', NOW, { NASHRA_SMTP: relay.url })
    const list = await mailing(app, 3)
    await edition(app, list)
    const [leaver, pauser, stayer] = list.readers
    const { unsubscribe } = subscribers.tokens(app, { id: leaver!.subscription_id, requested_at: null })
    const { preferences } = subscribers.tokens(app, { id: pauser!.subscription_id, requested_at: null })
    const send = (path: string, fields: Record<string, string>) =>
      handler(app).request(path, { method: 'POST', body: new URLSearchParams(fields) })
    await send(`/unsubscribe/${unsubscribe}`, { 'List-Unsubscribe': 'One-Click' })
    await send(`/preferences/${preferences}`, { do: 'pause', until: '2026-12-01' })
    await deliveries.sendUntilEmpty(app, { wait: 0 })
    expect(relay.received.map(({ to }) => to)).toEqual([stayer!.address])
  })
})

test('headlines alone are what a reader gets who chose them', async () => {
  await using relay = await openRelay()
  await using site = await open('sqlite', { NASHRA_SMTP: relay.url })
  const { world } = site
  await site.post(`/preferences/${site.preferences}`, { do: 'wishes', format: 'headlines' })
  const at = instant(world.now())
  const story = { guid: 'g', title: 'A headline', summary: 'An excerpt', body_html: '<p>x</p>', language: 'en' }
  await articles.publish(world, 'test', [
    { ...story, published_at: at, updated_at: at, authors: [], tags: [] },
  ] as never)
  await digests.add(world, 'cli', { slug: 'morning', channel: 'all', list: 'daily', at: '08:00' })
  await digests.composeNow(world, 'cli', 'morning')
  await deliveries.sendUntilEmpty(world, { wait: 0 })
  const { html, text } = await simpleParser(relay.received[0]!.source)
  for (const part of [html, text]) {
    expect(part).toContain('A headline')
    expect(part).not.toContain('An excerpt')
  }
})

describe('a list', () => {
  test('greets and says goodbye in its own words for a language, else in ours, escaped and filled in once', async () => {
    await using relay = await openRelay()
    await using site = await open('sqlite', { NASHRA_SMTP: relay.url })
    const { world } = site
    const text = 'Welcome, {{name}} <b>\n\nThis is {{ list }} of {{paper}}.\n\n<script>alert(1)</script>'
    await subscribers.setLetter(world, 'cli', 'daily', { kind: 'welcome', language: 'en', text })
    await subscribers.setLetter(world, 'cli', 'daily', { kind: 'goodbye', language: 'en' })
    await world.db.updateTable('subscriber').set({ name: '{{paper}} & <i>' }).execute()
    const { post, unsubscribe } = site
    await post(`/unsubscribe/${unsubscribe}`, { do: 'leave' })
    await post(`/unsubscribe/${unsubscribe}`, { do: 'undo' })
    await deliveries.sendUntilEmpty(world, { wait: 0 })
    expect(relay.received).toHaveLength(1) // who is back needs no goodbye
    const welcome = await simpleParser(relay.received[0]!.source)
    expect(welcome.subject).toBe('Welcome, {{paper}} & <i> <b>')
    expect(welcome.html).toContain('This is The Daily of The Paper.')
    expect(welcome.html).toContain('&#60;script&#62;')
    expect(welcome.html).not.toMatch(/<script|<i>|<b>/)
    expect(welcome.html).toContain(`/preferences/${site.preferences}`)
    world.clock.advance({ hours: 25 })
    for (const act of ['leave', 'undo', 'leave', 'undo', 'leave'])
      await post(`/unsubscribe/${unsubscribe}`, { do: act })
    await deliveries.sendUntilEmpty(world, { wait: 0 })
    const last = await simpleParser(relay.received.at(-1)!.source)
    expect(relay.received.length).toBeLessThanOrEqual(3) // one of a kind a day
    expect(last.text).toBeDefined()
  })

  test('says goodbye to who has left, with the way back', async () => {
    await using relay = await openRelay()
    await using site = await open('sqlite', { NASHRA_SMTP: relay.url })
    await subscribers.setLetter(site.world, 'cli', 'daily', { kind: 'goodbye', language: 'en' })
    await site.post(`/unsubscribe/${site.unsubscribe}`, { 'List-Unsubscribe': 'One-Click' })
    await deliveries.sendUntilEmpty(site.world, { wait: 0 })
    const [goodbye] = relay.received
    const { subject, text } = await simpleParser(goodbye!.source)
    expect(subject).toBe('You have unsubscribed from “The Daily”')
    expect(text).toContain(`/unsubscribe/${site.unsubscribe}`)
    expect(await subscribers.removeLetter(site.world, 'cli', 'daily', { kind: 'goodbye' })).toBe(1)
  })

  test('takes no words that nobody could fill in', async () => {
    await using site = await open()
    const set = (text: string) =>
      subscribers.setLetter(site.world, 'cli', 'daily', { kind: 'welcome', language: 'en', text })
    for (const text of [
      'Hi {{email}}\n\nx',
      'Hi {{#if name}}\n\nx',
      'Hi {{name\n\nx',
      '{{{name}}}\n\nx',
      'Hi {{ constructor }}\n\nx',
    ])
      await expect(set(text)).rejects.toMatchObject({ code: 'unknown-place' })
    for (const text of ['', 'only a subject', '\n\n'])
      await expect(set(text)).rejects.toMatchObject({ code: 'letter-empty' })
    await expect(set(`x\n\n${'y'.repeat(20_001)}`)).rejects.toMatchObject({ code: 'text-too-long' })
  })

  test('spares its readers the confirmation only where an admin says why; who has left confirms all the same', async () => {
    await using site = await open()
    const { world } = site
    await expect(subscribers.setList(world, 'cli', 'weekly', { singleOptIn: ' ' })).rejects.toMatchObject({
      code: 'reason-needed',
    })
    await subscribers.setList(world, 'cli', 'weekly', { singleOptIn: 'signed on paper' })
    const [change] = await world.db.selectFrom('change').selectAll().where('verb', '=', 'list.set').execute()
    expect(change).toMatchObject({ actor: 'cli', after: '{"single_opt_in":"signed on paper"}' })
    const invite = (address: string) =>
      subscribers.invite(world, {
        list: 'weekly',
        address,
        network: '192.0.2.1',
        form: '/subscribe',
        language: 'en',
        wish: { minute: 60 },
      })
    await invite('b@example.org')
    const shown = await subscribers.show(world.db, 'b@example.org')
    expect(shown.subscriptions).toMatchObject([{ list: 'weekly', state: 'active' }])
    expect(shown.consents.map(({ kind, wording_version }) => [kind, wording_version])).toEqual([
      ['asked', expect.stringMatching(/^[0-9a-f]{12}$/)],
      ['joined', expect.stringMatching(/^[0-9a-f]{12}$/)],
    ])
    expect(await world.db.selectFrom('notice').select('id').execute()).toEqual([])

    const row = await world.db
      .selectFrom('subscription')
      .selectAll()
      .orderBy('id', 'desc')
      .limit(1)
      .executeTakeFirstOrThrow()
    expect(row.minute).toBe(60)
    await subscribers.leave(world, subscribers.tokens(world, row).unsubscribe, 'page', '')
    world.clock.advance({ hours: 25 })
    await invite('b@example.org')
    expect((await subscribers.show(world.db, 'b@example.org')).subscriptions).toMatchObject([{ state: 'left' }])
    expect(await world.db.selectFrom('notice').select('kind').execute()).toEqual([{ kind: 'confirm' }])
    await subscribers.setList(world, 'cli', 'weekly', { singleOptIn: null })
    world.clock.advance({ hours: 1 })
    await invite('c@example.org')
    expect((await subscribers.show(world.db, 'c@example.org')).subscriptions).toMatchObject([{ state: 'pending' }])
  })
})

import { chmodSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import * as backups from '../src/backups/index.ts'
import * as bounces from '../src/bounces/index.ts'
import * as deliveries from '../src/deliveries/index.ts'
import * as digests from '../src/digests/index.ts'
import * as dkim from '../src/dkim/index.ts'
import type { Finding } from '../src/doctor/index.ts'
import * as doctor from '../src/doctor/index.ts'
import { type Names, names, ptr } from '../src/doctor/names.ts'
import { returns } from '../src/doctor/returns.ts'
import * as home from '../src/home.ts'
import * as site from '../src/site.ts'
import * as subscribers from '../src/subscribers/index.ts'
import { health } from '../src/web/health.ts'
import { handler, openServer } from '../src/web/server.ts'
import { openDns } from './dns.ts'
import { hasDovecot, openDovecot } from './dovecot.ts'
import { edition, mailing } from './mailing.ts'
import { openRelay } from './relay.ts'
import { databases, openWorld, type World } from './world.ts'

const MORNING = '2026-11-23T05:00:00Z'
const GOOD = {
  'news.example': { TXT: ['v=spf1 include:relay.example -all', 'other'], MX: ['mx.news.example'], A: ['192.0.2.7'] },
  '_dmarc.news.example': { TXT: ['v=DMARC1; p=quarantine'] },
  '7.2.0.192.in-addr.arpa': { PTR: ['news.example'] },
}

describe.each(databases)('doctor on %s', (kind) => {
  test('finds nothing amiss where all is well, and changes nothing', async () => {
    await using relay = await openRelay()
    await using dns = await openDns(GOOD)
    await using world = await openWorld(kind, new Date().toISOString(), { NASHRA_SMTP: relay.url, NASHRA_PORT: '0' })
    const site = await serving(world)
    try {
      const findings = await examined(Object.assign(world, { config: { ...world.config, url: site.url } }), dns)
      expect(findings.filter(({ state }) => state === 'fail')).toEqual([])
      const states = Object.fromEntries(findings.map(({ check, state }) => [check, state]))
      expect(states).toMatchObject({
        ...{ node: 'ok', 'data folder': 'ok', 'key ring': 'ok', 'disk speed': 'ok', database: 'ok', home: 'ok' },
        ...{ sender: 'ok', SPF: 'ok', DMARC: 'ok', MX: 'ok', 'one-click link': 'ok', clock: 'ok', feeds: 'ok' },
        [`relay 127.0.0.1:${relay.port}`]: 'ok',
      })
      expect(relay.received).toEqual([])
      expect(await world.db.selectFrom('consent').select('id').execute()).toEqual([])
    } finally {
      await site.close()
    }
  })

  test('says what is amiss and how to mend it', async () => {
    await using relay = await openRelay({ greeting: () => '554 go away' })
    await using dns = await openDns({ 'news.example': { TXT: ['v=spf1 +all'] } })
    await using world = await openWorld(kind, MORNING, {
      NASHRA_SMTP: relay.url,
      NASHRA_URL: 'https://127.0.0.1:1',
    })
    chmodSync(world.config.secretFile, 0o644)
    const list = await mailing(world, 2)
    world.clock.advance({ hours: 1 })
    const failed = (await examined(world, dns)).filter(({ state }) => state === 'fail')
    expect(failed.map(({ check }) => check)).toEqual([
      ...['key ring', 'SPF', 'DMARC', `relay 127.0.0.1:${relay.port}`, 'one-click link', 'editions'],
    ])
    expect(failed.every(({ todo }) => (todo ?? '').length > 10)).toBe(true)
    expect(failed.find(({ check }) => check.startsWith('relay'))!.says).toContain('554')
    expect(list.readers).toHaveLength(2)
  })

  test('an edition is late a quarter of an hour after its time, and /readyz says so; a held one is not', async () => {
    await using world = await openWorld(kind, MORNING)
    const web = handler(world)
    const ready = async () => (await web.request('/readyz')).status
    const list = await mailing(world, 3)
    expect(await ready()).toBe(200)
    world.clock.advance({ minutes: 16 })
    expect(await ready()).toBe(503)
    expect(await (await web.request('/readyz')).json()).toEqual({
      status: 'late',
      editions: ['morning of 2026-11-24 (not composed)'],
    })
    expect(await (await web.request('/healthz')).json()).toMatchObject({
      status: 'degraded',
      checks: { editions: { status: 'degraded', detail: expect.stringContaining('morning') } },
    })
    await world.db
      .updateTable('slot')
      .set({ next_at: 9e12 as never })
      .execute()
    expect(await ready()).toBe(200)
    const { public_id } = await edition(world, list)
    expect(await ready()).toBe(200)
    world.clock.advance({ minutes: 16 })
    expect(await ready()).toBe(503)
    await digests.pause(world, 'cli', public_id)
    expect(await ready()).toBe(200)
    await digests.resume(world, 'cli', public_id)
    expect(await ready()).toBe(503)
    await world.db.updateTable('home').set({ held_for: 'restored' }).execute()
    expect(await ready()).toBe(200)
  })
})

describe('names', () => {
  const look = async (dns: Names) => {
    await using world = await openWorld('sqlite', MORNING)
    const found = [...(await names('news.example', dns)), await ptr(world, dns)]
    return Object.fromEntries(found.map((one) => [one.check, one]))
  }

  test('all that mail needs is there', async () => {
    await using dns = await openDns(GOOD)
    expect(Object.values(await look(dns)).map(({ state }) => state)).toEqual(['ok', 'ok', 'ok', 'ok'])
  })

  test('a sub-domain is under the policy of its parent', async () => {
    await using dns = await openDns({
      '_dmarc.example': { TXT: ['v=DMARC1; p=none'] },
      ...GOOD,
      '_dmarc.news.example': {},
    })
    expect((await look(dns))['DMARC']).toMatchObject({ state: 'fail' }) // a top-level domain is nobody's parent
  })

  test('two SPF records, a name that does not lead back', async () => {
    await using dns = await openDns({
      ...GOOD,
      'news.example': { TXT: ['v=spf1 a -all', 'v=spf1 mx -all'], A: ['192.0.2.7'] },
      '7.2.0.192.in-addr.arpa': { PTR: ['other.example'] },
    })
    expect(await look(dns)).toMatchObject({
      SPF: { state: 'fail', says: expect.stringContaining('2') },
      PTR: { state: 'warn' },
      MX: { state: 'warn' },
    })
  })

  test('without an answer nothing is said to be amiss', async () => {
    await using dns = await openDns({}, { mute: true })
    const found = Object.values(await look(dns))
    expect(found.map(({ state }) => state)).toEqual(['warn', 'warn', 'warn', 'warn'])
    expect(found.every(({ says }) => says.includes('could not be looked up'))).toBe(true)
  })
})

describe.each(databases)('keys and what comes back on %s', (kind) => {
  const DOMAIN = { domain: 'news.example' }
  const of = (findings: Finding[], check: RegExp) => findings.filter((one) => check.test(one.check))

  test('a key is held against what is published: the one that signs must be there, the next one should', async () => {
    await using world = await openWorld(kind, MORNING, { NASHRA_SMTP: 'smtp://127.0.0.1:9' })
    const look = async (zone: Parameters<typeof openDns>[0]) => {
      await using dns = await openDns({ ...GOOD, ...zone })
      return of(await examined(world, dns), /DKIM/).map(({ state, says, todo }) => `${state}: ${says} ${todo ?? ''}`)
    }
    const signs = expect.stringMatching(/^ok: n202611 of news.example signs/)
    const found = expect.stringMatching(/^ok: .* has our key/)
    expect(await look({})).toEqual([expect.stringMatching(/^warn: .*unsigned.*dkim add/)])
    const key = await dkim.add(world, 'cli', DOMAIN)
    const { name, text } = dkim.record(key)
    expect(await look({})).toEqual([signs, expect.stringMatching(/^fail: .*no key.*Publish there as TXT: v=DKIM1/)])
    const other = { [name]: { TXT: ['v=DKIM1; k=rsa; p=AAAA'] } }
    expect(await look(other)).toEqual([signs, expect.stringMatching(/^fail: .*another key than ours/)])
    const there = { [name]: { TXT: [text] } }
    expect(await look(there)).toEqual([signs, found])
    await dkim.rotate(world, 'cli', { ...DOMAIN, after: 3_600_000 })
    expect(await look(there)).toEqual([signs, found, expect.stringMatching(/^warn: .*no key/)])
    await world.db.updateTable('dkim_key').set({ private_key: 'damaged' }).where('id', '=', key.id).execute()
    expect((await look(there))[0]).toMatch(/^fail: .*cannot be used.*dkim rotate/)
    Object.assign(world.config.relays[0]!, { host: 'relay.example' })
    await world.db.updateTable('dkim_key').set({ domain: 'elsewhere.example' }).execute()
    expect(await look({})).toEqual([
      expect.stringMatching(/^fail: There is no key for news\.example, so nothing is sent/),
    ])
    Object.assign(world.config.relays[0]!, { sign: false })
    expect(await look({})).toEqual([expect.stringMatching(/^ok: the relays sign/)])
  })

  test('a list with a sender of its own is looked at, too', async () => {
    await using dns = await openDns(GOOD)
    await using world = await openWorld(kind, MORNING)
    await mailing(world, 1)
    await world.db.updateTable('list').set({ sender: 'Sports <goal@sports.example>' }).execute()
    const failed = (await examined(world, dns)).filter(({ state }) => state === 'fail')
    expect(failed.filter(({ says }) => says.includes('sports.example')).map(({ check }) => check)).toEqual([
      'SPF',
      'DMARC',
    ])
  })

  test('bounces by mail need an MX and a listener with our key ring', async () => {
    await using dns = await openDns({ ...GOOD, 'back.example': { MX: ['mx.back.example'] } })
    await using world = await openWorld(kind, MORNING, { NASHRA_INBOUND: 'lmtp://127.0.0.1:0' })
    const listener = await bounces.listen(world)
    const { port } = listener.places[0]!
    const look = async (domain?: string) => {
      const inbound = [{ ...world.config.inbound[0]!, port, ...(domain && { domain }) }]
      const app = Object.assign(Object.create(world) as World, { config: { ...world.config, inbound } })
      return of(await examined(app, dns), /^(bounces|listener|hook)/)
    }
    expect(await look()).toMatchObject([
      { state: 'ok', says: expect.stringMatching(/mx\.news\.example has to pass b\+…@news\.example/) },
      { state: 'ok' },
    ])
    expect(await look('back.example')).toMatchObject([{ state: 'ok' }, { state: 'ok' }])
    expect(await look('nowhere.example')).toMatchObject([
      { state: 'fail', says: expect.stringContaining('no MX') },
      { state: 'ok' },
    ])
    await using other = await openWorld(kind, MORNING, { NASHRA_INBOUND: `lmtp://127.0.0.1:${port}` })
    expect(of(await examined(other, dns), /^listener/)).toMatchObject([
      { state: 'fail', says: expect.stringContaining('550') },
    ])
    await listener.close()
    expect(await look()).toMatchObject([
      { state: 'ok' },
      { state: 'warn', says: expect.stringContaining('ECONNREFUSED') },
    ])
  })

  test.skipIf(!hasDovecot)('the log-in of a mailbox is tried, and what is the matter with it said', async () => {
    await using dns = await openDns(GOOD)
    await using dovecot = await openDovecot()
    await using world = await openWorld(kind, MORNING, { NASHRA_INBOUND: dovecot.url() })
    const look = async () => of(await returns(world, ['news.example'], dns), /^mailbox|^bounces/)
    expect(await look()).toEqual([
      { check: 'bounces', state: 'ok', says: expect.stringMatching(/on to imaps:\/\/127\.0\.0\.1:\d+\/INBOX$/) },
      { check: expect.stringMatching(/^mailbox/), state: 'ok', says: 'takes our log-in; INBOX holds 0 messages' },
    ])
    dovecot.setPassword('another')
    await new Promise((resolve) => setTimeout(resolve, 1100)) // Dovecot looks at its users once a second
    expect((await look())[1]).toMatchObject({
      state: 'fail',
      says: expect.stringMatching(/^It cannot be read: the log-in is refused/),
    })
  })

  test('who sends for us should report, and whether it may is said', async () => {
    await using dns = await openDns(GOOD)
    await using world = await openWorld(kind, MORNING)
    const look = async (hosts: string[]) => {
      const relays = hosts.map((host) => ({ name: host, host, port: 9, secure: false, connections: 1, sign: false }))
      const app = Object.assign(Object.create(world) as World, { config: { ...world.config, relays } })
      return of([...(await returns(app, ['news.example'], dns))], /./).map(({ check, state }) => `${state} ${check}`)
    }
    expect(await look([])).toEqual(['warn bounces'])
    expect(await look(['email-smtp.eu-central-1.amazonaws.com'])).toEqual(['warn hook ses'])
    await bounces.addHook(world, 'test', { provider: 'postmark' })
    expect(await look(['smtp-broadcasts.postmarkapp.com', 'smtp.mailgun.org'])).toEqual([
      'ok hook postmark',
      'warn hook mailgun',
    ])
    await world.db.updateTable('hook').set({ settings: 'damaged' }).execute()
    expect(await look([])).toEqual(['fail hook postmark'])
  })

  test('health says in words why nothing is sent, and names no address', async () => {
    await using world = await openWorld(kind, MORNING, { NASHRA_SMTP: 'smtp://127.0.0.1:9', NASHRA_FROM: '' })
    const said = async (expected: RegExp) => {
      const stop = new AbortController()
      const running = deliveries.run(world, stop.signal)
      await expect
        .poll(async () => (await health(world)).checks['sending'], { timeout: 10_000 })
        .toEqual({ status: 'degraded', detail: expect.stringMatching(expected) })
      expect((await health(world)).checks['sending']!.detail).not.toMatch(/\w@\w/)
      stop.abort()
      await running
    }
    await said(/^There is no sender/)
    await site.set(world, 'test', { sender: 'News <news@news.example>' })
    const key = await dkim.add(world, 'cli', DOMAIN)
    await world.db.updateTable('dkim_key').set({ private_key: 'damaged' }).where('id', '=', key.id).execute()
    await said(/^The DKIM key n202611 of news\.example cannot be used/)
    await world.db.deleteFrom('dkim_key').execute()
    await world.db.updateTable('home').set({ held_for: 'restored' }).execute()
    expect((await health(world)).checks['sending']!.detail).toMatch(/restored from a backup/) // also where only pages are served
    await said(/restored from a backup/)
  })
})

describe('left.log', () => {
  test('who leaves is written there, hashed, before the database; again is written once', async () => {
    await using world = await openWorld('sqlite', MORNING)
    const [reader] = (await mailing(world, 1)).readers
    const { unsubscribe } = subscribers.tokens(world, { id: reader!.subscription_id, requested_at: null })
    for (let n = 0; n < 3; n++) await subscribers.leave(world, unsubscribe, 'one-click', '203.0.113.9')
    const lines = await linesOf(world)
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatchObject({ what: 'left', list: 'morning', hash: expect.stringMatching(/^[0-9a-f]{64}$/) })
  })

  test('where it cannot be written the reader leaves all the same, and health says so', async () => {
    await using world = await openWorld('sqlite', MORNING)
    const { mkdir, rmdir } = await import('node:fs/promises')
    await mkdir(join(world.config.data, 'left.log'))
    const [first, second] = (await mailing(world, 2)).readers
    const leave = (id: number) =>
      subscribers.leave(world, subscribers.tokens(world, { id, requested_at: null }).unsubscribe, 'one-click', '::1')
    expect((await leave(first!.subscription_id)).subscription.state).toBe('left')
    const health = async () => (await (await handler(world).request('/healthz')).json()) as never
    expect(await health()).toMatchObject({ checks: { leavings: { status: 'degraded' } } })
    await rmdir(join(world.config.data, 'left.log'))
    await leave(second!.subscription_id)
    expect(await linesOf(world)).toHaveLength(2) // what could not be written before comes with the next
    expect(await health()).toMatchObject({ checks: { leavings: { status: 'ok' } } })
  })

  test('a hundred who leave at once share their fsyncs, and a torn line harms none', async () => {
    await using world = await openWorld('sqlite', MORNING)
    const { readers } = await mailing(world, 100)
    await writeFile(join(world.config.data, 'left.log'), '{"at":1,"what":"le', { mode: 0o600 })
    const began = performance.now()
    await Promise.all(
      readers.map(({ subscription_id: id }) =>
        subscribers.leave(world, subscribers.tokens(world, { id, requested_at: null }).unsubscribe, 'page', '::1'),
      ),
    )
    expect(performance.now() - began).toBeLessThan(5000)
    expect(await linesOf(world)).toHaveLength(100)
  })
})

test('doctor says that a restored database is held', async () => {
  await using dns = await openDns({})
  await using world = await openWorld('sqlite', MORNING)
  const file = join(world.config.data, 'b.tar')
  await backups.make(world, file)
  await world.database.close()
  await backups.restore(world.config, file, { over: false, now: world.now() })
  await using again = await world.again()
  expect(await home.away(again)).toBe('restored')
  expect(await examined(again, dns)).toContainEqual(expect.objectContaining({ check: 'home', state: 'fail' }))
})

async function examined(world: World, dns: Names): Promise<Finding[]> {
  return Array.fromAsync(doctor.examine(world, dns))
}

/** The site as it listens, by an address that it is known by. */
async function serving(world: World) {
  const probe = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => probe.once('listening', resolve))
  const { port } = probe.address() as { port: number }
  await new Promise((resolve) => probe.close(resolve))
  const server = await openServer(Object.assign({}, world, { config: { ...world.config, port } }))
  return { url: `http://127.0.0.1:${port}`, close: server.close }
}

async function linesOf(world: World): Promise<unknown[]> {
  const { readFile } = await import('node:fs/promises')
  const text = await readFile(join(world.config.data, 'left.log'), 'utf8')
  return text.split('\n').flatMap((line) => {
    try {
      return line ? [JSON.parse(line) as unknown] : []
    } catch {
      return []
    }
  })
}

import { createPublicKey } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { sql } from 'kysely'
import { afterEach, describe, expect, test } from 'vitest'
import { email } from '../src/address.ts'
import { envelope, leaveAddress } from '../src/bounces/envelope.ts'
import * as bounces from '../src/bounces/index.ts'
import * as deliveries from '../src/deliveries/index.ts'
import * as digests from '../src/digests/index.ts'
import * as dkim from '../src/dkim/index.ts'
import { verified } from '../src/dkim/verification.ts'
import * as subscribers from '../src/subscribers/index.ts'
import { handler } from '../src/web/server.ts'
import { mailOf, openClient } from './lmtp.ts'
import { edition, mailing, type Reader } from './mailing.ts'
import { openRelay } from './relay.ts'
import { databases, openWorld, type World } from './world.ts'

const MORNING = '2026-11-23T05:00:00Z'
const PAPER = email('paper@news.example')
const INBOUND = { NASHRA_INBOUND: 'lmtp://127.0.0.1:0' }

const open: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
})

describe.each(databases)('List-Unsubscribe on %s', (kind) => {
  test('a letter names a mail address beside the page, signed; a mail to it leaves, whatever program wrote it', async () => {
    await using relay = await openRelay()
    await using world = await openWorld(kind, MORNING, { ...INBOUND, NASHRA_SMTP: relay.url })
    const key = await dkim.add(world, 'cli', { domain: 'news.example' })
    const list = await mailing(world, 2)
    await edition(world, list)
    await deliveries.sendUntilEmpty(world, { wait: 0 })
    const letter = relay.received.find(({ to }) => to === list.readers[0]!.address)!
    const [first, mail] = waysOf(letter.source)
    expect(first).toMatch(/^https:\/\/news\.example\/unsubscribe\/[\w-]{30}$/)
    expect(mail).toMatch(/^mailto:u\+[a-z2-7]{36}@news\.example\?subject=unsubscribe$/)
    expect(letter.source.split('\r\n').every((line) => line.length <= 100)).toBe(true)
    const bytes = Buffer.from(`${letter.source}\r\n`, 'latin1')
    const publicKey = createPublicKey({ key: Buffer.from(key.public_key, 'base64'), format: 'der', type: 'spki' })
    expect(verified(bytes, publicKey)).toBeUndefined()
    const turned = Buffer.from(bytes.toString('latin1').replace('mailto:u+', 'mailto:x+'), 'latin1')
    expect(verified(turned, publicKey)).toBe('its headers are not what was signed')
    const client = await handingOn(world)
    const message = `From: x@y.example\r\nAuto-Submitted: auto-generated\r\nSubject: ${new URL(mail!).searchParams.get('subject')}\r\n\r\n`
    expect(await client.send(message, new URL(mail!).pathname)).toEqual([expect.stringMatching(/^250/)])
    expect(await states(world)).toEqual(['left', 'active'])
  })

  test('a preview has the same two ways, and without inbound mail there is only the page', async () => {
    await using world = await openWorld(kind, MORNING, { NASHRA_INBOUND: 'lmtp://127.0.0.1:0?domain=back.example' })
    const list = await mailing(world, 1)
    await edition(world, list, { day: '2026-11-23' })
    const subscriber = list.readers[0]!.address
    const eml = async (app: World) =>
      (await digests.preview(app, 'morning', { at: Temporal.Instant.from(MORNING), subscriber })).eml.toString('latin1')
    const { unsubscribe } = subscribers.tokens(world, { id: list.readers[0]!.subscription_id, requested_at: null })
    const page = `https://news.example/unsubscribe/${unsubscribe}`
    expect(waysOf(await eml(world))).toEqual([page, expect.stringMatching(/^mailto:u\+\w+@back\.example\?/)])
    const deaf = Object.assign(Object.create(world) as World, { config: { ...world.config, inbound: [] } })
    expect(waysOf(await eml(deaf))).toEqual([page])
  })
})

describe('every way of leaving is in left.log before the database knows', () => {
  type Way = (world: World, reader: Reader, editionId: number) => Promise<unknown>
  const LEFT = [{ what: 'left', list: 'morning' }]
  const ways: [string, Way, object[]][] = [
    ['one click', (world, reader) => post(world, reader, { 'List-Unsubscribe': 'One-Click' }), LEFT],
    ['the page', (world, reader) => post(world, reader, {}), LEFT],
    ['a mail to the unsubscribe address', (world, reader) => send(world, 'letter-english', leaveBy(world, reader)), LEFT],
    ['an answer', (world, reader) => send(world, 'order-arabic', PAPER, reader), LEFT],
    ['the provider', (world, reader) => report(world, { RecordType: 'SubscriptionChange', SuppressSending: true, Recipient: reader.address, SuppressionReason: 'ManualSuppression', Origin: 'Recipient', ChangedAt: MORNING }), LEFT],
    ['a complaint by mail', (world, reader, id) => send(world, 'arf-abuse', letterOf(world, reader, id), reader), LEFT],
    ['a complaint at the provider', (world, reader) => report(world, { RecordType: 'SpamComplaint', ID: 7, Type: 'SpamComplaint', Email: reader.address }), LEFT],
    ['a bounce', (world, reader, id) => send(world, 'postfix-unknown-user', letterOf(world, reader, id), reader), [{ what: 'suppressed', reason: 'bounced 5.1.1' }]],
    ['a refusal by the relay', refused, [{ what: 'suppressed', reason: 'bounced 5.1.1' }]],
    ['an order of the newsroom', (world, reader) => subscribers.suppress(world, 'cli', reader.address, 'asked by phone'), [{ what: 'suppressed', reason: 'asked by phone' }]],
  ] // biome-ignore format: one table

  test.each(ways)('%s', async (_, way, expected) => {
    await using world = await openWorld('sqlite', MORNING, INBOUND)
    const list = await mailing(world, 1)
    const { id } = await edition(world, list)
    for (const [name, table] of [
      ['leave', 'update on subscription'],
      ['suppress', 'insert on suppression'],
    ] as const)
      await sql
        .raw(`create trigger no_${name} before ${table} begin select raise(abort, 'the disk is full'); end`)
        .execute(world.db)
    await way(world, list.readers[0]!, id).catch(() => {})
    for (const close of open.splice(0).reverse()) await close()
    expect(await states(world)).toEqual(['active'])
    expect(await world.db.selectFrom('suppression').select('id').execute()).toEqual([])
    expect(linesOf(world)).toMatchObject(expected)
    expect(JSON.stringify(linesOf(world))).not.toContain('@')
  })

  test('a complaint is a leaving and a suppression, both in left.log', async () => {
    await using world = await openWorld('sqlite', MORNING, INBOUND)
    const list = await mailing(world, 1)
    const { id } = await edition(world, list)
    await send(world, 'arf-abuse', letterOf(world, list.readers[0]!, id), list.readers[0])
    for (const close of open.splice(0).reverse()) await close()
    expect(await states(world)).toEqual(['left'])
    expect(linesOf(world)).toMatchObject([...LEFT, { what: 'suppressed', reason: 'complaint' }])
  })
})

/** The addresses of a letter's List-Unsubscribe, unfolded. */
function waysOf(source: string): string[] {
  const [, value = ''] = /^List-Unsubscribe: (.*(?:\r\n[ \t].*)*)/m.exec(source) ?? []
  return value.split(/,\s*/).map((way) => way.slice(1, -1))
}

async function handingOn(world: World) {
  const listener = await bounces.listen(world)
  open.push(() => listener.close())
  const client = await openClient(listener.places[0]!.port)
  open.push(async () => client.close())
  return client
}

async function send(world: World, name: string, to: string, reader?: Reader): Promise<void> {
  await (await handingOn(world)).send(mailOf(name, reader ? { reader: reader.address } : {}), to)
}

function tokenOf(world: World, reader: Reader): string {
  return subscribers.tokens(world, { id: reader.subscription_id, requested_at: null }).unsubscribe
}

function leaveBy(world: World, reader: Reader): string {
  return leaveAddress(world, tokenOf(world, reader), PAPER)!
}

function letterOf(world: World, { subscriber_id }: Reader, edition_id: number): string {
  return envelope(world, { edition_id, subscriber_id }, PAPER)
}

async function post(world: World, reader: Reader, form: Record<string, string>): Promise<void> {
  const body = new URLSearchParams(form)
  const headers = { origin: 'https://news.example' }
  await handler(world).request(`/unsubscribe/${tokenOf(world, reader)}`, { method: 'POST', body, headers })
}

async function report(world: World, body: object): Promise<void> {
  const { username, password } = new URL((await bounces.addHook(world, 'test', { provider: 'postmark' })).url)
  const headers = { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` }
  await handler(world).request('/hooks/postmark', { method: 'POST', body: JSON.stringify(body), headers })
}

async function refused(world: World): Promise<void> {
  await world.db.updateTable('delivery').set({ state: 'refused', reply: '550 5.1.1 no such user' }).execute()
  await bounces.noteRefusals(world)
}

async function states(world: World): Promise<string[]> {
  const rows = await world.db.selectFrom('subscription').select('state').orderBy('id').execute()
  return rows.map(({ state }) => state)
}

function linesOf(world: World): unknown[] {
  const file = join(world.config.data, 'left.log')
  if (!existsSync(file)) return []
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as unknown)
}

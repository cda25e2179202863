import { sql } from 'kysely'
import { simpleParser } from 'mailparser'
import { afterEach, describe, expect, test } from 'vitest'
import { email } from '../src/address.ts'
import { envelope } from '../src/bounces/envelope.ts'
import * as bounces from '../src/bounces/index.ts'
import { take } from '../src/bounces/take.ts'
import * as deliveries from '../src/deliveries/index.ts'
import { figures } from '../src/deliveries/report.ts'
import * as dkim from '../src/dkim/index.ts'
import * as site from '../src/site.ts'
import * as subscribers from '../src/subscribers/index.ts'
import { health } from '../src/web/health.ts'
import { mailOf, openClient } from './lmtp.ts'
import { edition, mailing } from './mailing.ts'
import { openRelay, type Received, type RelayServer } from './relay.ts'
import { databases, openWorld, type World } from './world.ts'

const MORNING = '2026-11-23T05:00:00Z'
const CHIEF = 'chief@desk.example'

const open: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
})

async function newsroom(kind: (typeof databases)[number], environment: Record<string, string> = {}) {
  const relay = await openRelay()
  open.push(() => relay.close())
  const world = await openWorld(kind, MORNING, { NASHRA_SMTP: `${relay.url}?connections=1`, ...environment })
  open.push(() => world[Symbol.asyncDispose]())
  await site.set(world, 'test', { report_to: CHIEF, name: 'نشرة', zone: 'Europe/Istanbul' })
  return { relay, world }
}

const send = (world: World) => deliveries.sendUntilEmpty(world, { wait: 0 })
const reports = ({ received }: RelayServer) => received.filter(({ to }) => to === CHIEF)
const parsed = ({ source }: Received) => simpleParser(Buffer.from(source, 'latin1'))

describe.each(databases)('the report of an edition on %s', (kind) => {
  test('goes out once, after the last letter, and says what the ledger says', async () => {
    const { relay, world } = await newsroom(kind)
    const list = await mailing(world, 12)
    relay.script = {
      rcpt: (to) => {
        world.clock.advance({ seconds: 30 })
        if (/-[01]@/.test(to)) return `550 5.1.1 <${to}>: User unknown in table 4F2A9918B7${to.length}`
        return /-2@/.test(to) ? '554 5.7.1 no thanks' : '250 ok'
      },
    }
    const { public_id } = await edition(world, list)
    await subscribers.leaveFor(world, list.readers[3]!.subscription_id, 'page') // skipped at once
    await subscribers.suppress(world, 'test', list.readers[4]!.address)
    await world.db
      .updateTable('delivery')
      .set({ doubted_at: 1 as never })
      .where('subscriber_id', '=', list.readers[5]!.subscriber_id)
      .execute()
    await send(world)
    await send(world)
    const counted = { recipients: 12, submitted: 7, refused: 3, skipped: 2, waiting: 0, addsUp: true }
    expect(await deliveries.verify(world.db, public_id)).toMatchObject(counted)
    expect(reports(relay)).toHaveLength(1)
    expect(relay.received.at(-1)!.to).toBe(CHIEF)
    const { subject, text, headers, from } = await parsed(reports(relay)[0]!)
    expect(subject).toContain('سُلِّمت 7، رُفضت 3')
    const id = String(headers.get('message-id')).slice(1, -1)
    expect(id).toMatch(new RegExp(`^report\\.${public_id}\\.[0-9a-z]{8}@news\\.example$`)) // no id that another paper has, too
    expect(from!.text).toContain('paper@news.example')
    const lines = plain(text!)
    expect(lines).toEqual(expect.arrayContaining([
      'القرّاء: 12', 'سُلِّمت إلى خادم البريد: 7', 'رُفضت نهائيًا: 3', 'لم تُرسل: 2',
      '– ألغوا اشتراكهم قبل الإرسال: 1', '– عناوين لا يُكتب إليها: 1', 'بقي مصيرها غير مؤكد فأُعيد إرسالها: 1',
      '2 × 550 5.1.1 <…>: User unknown in table 4F2A9918B721', '1 × 554 5.7.1 no thanks',
      'https://news.example/editions/morning/2026-11-23',
    ])) // biome-ignore format: as it is read
    expect(lines.find((line) => line.startsWith('الوقت'))).toMatch(
      /^الوقت: من 23\/11\/2026 08:\d\d إلى 08:\d\d \(Europe\/Istanbul\)$/,
    )
    expect(lines.find((line) => line.startsWith('السرعة'))).toMatch(/^السرعة: 0(\.\d)? في الثانية$/)
    expect(text).not.toMatch(/@example\.org/)
    expect([...headers.keys()].filter((name) => name.startsWith('list'))).toEqual([]) // there is nothing to leave
  })

  test('nobody who did not ask is told, and one that is turned off is not', async () => {
    const { relay, world } = await newsroom(kind)
    await site.set(world, 'test', { report_to: '' })
    expect((await site.show(world, world.db)).report_to).toBe('')
    await edition(world, await mailing(world, 2))
    await send(world)
    await site.set(world, 'test', { report_to: CHIEF })
    await send(world)
    expect(relay.received).toHaveLength(2) // an edition that was over before does not come up again
  })

  test('what the relay defers comes again with the same Message-ID, and no edition waits for it', async () => {
    const { relay, world } = await newsroom(kind)
    const { public_id } = await edition(world, await mailing(world, 1))
    relay.script = { dot: ({ to }) => (to === CHIEF ? '451 later' : '250 ok') }
    await send(world)
    expect(await deliveries.verify(world.db, public_id)).toMatchObject({
      state: 'done',
      recipients: 1,
      submitted: 1,
      waiting: 0,
    })
    relay.script = {}
    world.clock.advance({ minutes: 3 })
    await send(world)
    const [first, again] = relay.seen.filter(({ to }) => to === CHIEF)
    expect(again!.id).toBe(first!.id)
    expect(reports(relay)).toHaveLength(1)
    expect((await health(world)).checks['sending']).toEqual({ status: 'ok' })
  })

  test('two processes that end an edition at once tell of it once', async () => {
    const { relay, world } = await newsroom(kind)
    await edition(world, await mailing(world, 40))
    await using other = await world.again()
    await Promise.all([send(world), send(other)])
    expect(reports(relay)).toHaveLength(1)
    expect(relay.received).toHaveLength(41)
  })

  test('and that of its complaints afterwards are two letters: no mail server drops the second as one it has', async () => {
    const { relay, world } = await newsroom(kind)
    const list = await mailing(world, 4)
    const { id } = await edition(world, list)
    await send(world)
    world.clock.advance({ minutes: 5 })
    for (const [n, { subscriber_id }] of list.readers.slice(0, 3).entries()) {
      const about = { subscriber_id, edition_id: id, via: 'mail', key: `mail ${n}` }
      await take(world, { ...about, kind: 'complaint', status: null, words: 'abuse' })
    }
    await send(world)
    expect(reports(relay)).toHaveLength(2)
    expect(new Set(relay.seen.filter(({ to }) => to === CHIEF).map((one) => one.id)).size).toBe(2)
  })

  test('is signed like any other letter; what comes back of it is nobody’s bounce; one who is suppressed gets none', async () => {
    const { relay, world } = await newsroom(kind, { NASHRA_INBOUND: 'lmtp://127.0.0.1:0' })
    await dkim.add(world, 'cli', { domain: 'news.example' })
    const list = await mailing(world, 1)
    await edition(world, list)
    await send(world)
    const [report] = reports(relay)
    expect(report!.source).toMatch(/^DKIM-Signature:/m)
    expect(report!.from).toBe(envelope(world, { edition_id: null, subscriber_id: 0 }, email('paper@news.example')))
    const listener = await bounces.listen(world)
    open.push(() => listener.close())
    using client = await openClient(listener.places[0]!.port)
    expect(await client.send(mailOf('postfix-unknown-user', { reader: CHIEF }), report!.from)).toEqual([
      expect.stringMatching(/^250/),
    ])
    expect(await world.db.selectFrom('bounce').select('id').execute()).toEqual([])
    expect(world.logs).toContainEqual(expect.objectContaining({ event: 'a report to the newsroom came back' }))
    await subscribers.suppress(world, 'test', CHIEF)
    await edition(world, list, { day: '2026-11-24', to: 20 })
    await send(world)
    expect(reports(relay)).toHaveLength(1)
    expect(JSON.stringify(world.logs)).not.toContain('@')
  })

  test('of many readers is counted in pieces that add up', async () => {
    await using world = await openWorld(kind, MORNING)
    const { id, public_id } = await edition(world, await mailing(world, 10_001))
    await sql`update delivery set state = case subscriber_id % 4 when 0 then 'refused' when 1 then 'skipped' else 'submitted' end, submitted_at = case when subscriber_id % 4 > 1 then subscriber_id * 10 end,
      reason = case subscriber_id % 4 when 1 then 'left' end, reply = case when subscriber_id % 8 = 0 then '550 5.2.2 full' else '550 5.1.1 none ' || subscriber_id || '000000000' end`.execute(
      world.db,
    )
    const { submitted, refused, skipped, recipients } = await deliveries.verify(world.db, public_id)
    const counted = await figures(world.read, id)
    expect(counted).toMatchObject({
      submitted,
      refused,
      skipped,
      recipients: 10_001,
      reasons: [{ reason: 'left', n: skipped }],
      doubted: 0,
    })
    expect(recipients).toBe(10_001)
    expect(counted.refusals.map(({ n }) => n)).toEqual([1250, 1250])
    expect([counted.from, counted.to]).toEqual([20, 99_990])
  })

  test.each(['en', 'tr', 'ar'])('in %s, its two forms say the same', async (language) => {
    const { relay, world } = await newsroom(kind)
    await site.set(world, 'test', { language })
    await edition(world, await mailing(world, 3))
    await send(world)
    const { text, html } = await parsed(reports(relay)[0]!)
    expect(html).toContain(`<html lang="${language}" dir="${language === 'ar' ? 'rtl' : 'ltr'}"`)
    const bare = (said: string) => said.replace(/[\s\u200e\u200f\u2066-\u2069]/g, '')
    const said = bare((html as string).replace(/<[^>]*>/g, '').replaceAll('&#34;', '"'))
    const pieces = plain(text!).flatMap((line) => line.replace(/^– /, '').split(/: (?=\d|من |from )/))
    for (const piece of pieces.filter((one) => !/^https?:/.test(one))) expect(said).toContain(bare(piece))
  })
})

test('an address that is none is refused', async () => {
  await using world = await openWorld('sqlite', MORNING)
  await expect(site.set(world, 'test', { report_to: 'nobody' })).rejects.toMatchObject({ code: 'bad-address' })
})

/** Lines as they are read: without the marks of direction. */
function plain(text: string): string[] {
  return text
    .replace(/[\u200e\u200f\u2066-\u2069]/g, '')
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean)
}

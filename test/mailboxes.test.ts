import { rmSync, writeFileSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { readMailboxes } from '../jobs/read-mailboxes.ts'
import { email } from '../src/address.ts'
import { envelope, leaveAddress } from '../src/bounces/envelope.ts'
import * as bounces from '../src/bounces/index.ts'
import * as subscribers from '../src/subscribers/index.ts'
import { health } from '../src/web/health.ts'
import { type Dovecot, hasDovecot, openDovecot } from './dovecot.ts'
import { mailOf } from './lmtp.ts'
import { edition, type Mailing, mailing, type Reader } from './mailing.ts'
import { databases, openWorld, type World } from './world.ts'

const PAPER = email('paper@news.example')
const quiet = new AbortController().signal

type Post = { world: World; list: Mailing; reader: Reader; to: string; editionId: number }

let dovecot: Dovecot
const open: (() => Promise<void>)[] = []

async function post(kind: (typeof databases)[number], more = '/INBOX', n = 2): Promise<Post> {
  const world = await openWorld(kind, new Date().toISOString(), { NASHRA_INBOUND: dovecot.url(more) })
  open.push(() => world[Symbol.asyncDispose]())
  const list = await mailing(world, n)
  const { id } = await edition(world, list)
  const reader = list.readers[0]!
  return { world, list, reader, editionId: id, to: envelopeOf(world, id, reader) }
}

function envelopeOf(world: World, edition_id: number, { subscriber_id }: Reader): string {
  return envelope(world, { edition_id, subscriber_id }, PAPER)
}

/** A message as the server of a mailbox stores it: with the address that it came to on top. */
function cameTo(to: string, raw: string): string {
  return `Return-Path: <>\r\nX-Original-To: ${to}\r\nDelivered-To: bounces@news.example\r\n${raw}`
}

async function shown({ world, reader }: Pick<Post, 'world' | 'reader'>) {
  const { suppression, bounces, subscriptions } = await subscribers.show(world.db, reader.address)
  return { suppression: suppression?.reason ?? null, bounces, state: subscriptions[0]!.state }
}

async function said(world: World) {
  return (await health(world)).checks['mailbox']
}

describe.skipIf(!hasDovecot).each(databases)('a mailbox on %s', (kind) => {
  beforeAll(async () => {
    dovecot = await openDovecot()
  })
  afterAll(async () => {
    await dovecot?.[Symbol.asyncDispose]()
  })
  afterEach(async () => {
    for (const close of open.splice(0).reverse()) await close()
    await dovecot[Symbol.asyncDispose]()
    dovecot = await openDovecot()
  })

  test('a bounce in it suppresses, once, and is moved to the folder Nashra', async () => {
    const one = await post(kind)
    dovecot.deliver(cameTo(one.to, mailOf('postfix-unknown-user', { reader: one.reader.address })))
    await bounces.readMailboxes(one.world, quiet)
    expect(await shown(one)).toMatchObject({ suppression: 'bounced 5.1.1', bounces: [{ kind: 'hard', via: 'mail' }] })
    expect(dovecot.messages()).toEqual([])
    expect(dovecot.messages('Nashra')).toHaveLength(1)
    expect(await said(one.world)).toEqual({ status: 'ok' })
    dovecot.deliver(cameTo(one.to, mailOf('postfix-unknown-user', { reader: one.reader.address }))) // handed on again
    await bounces.readMailboxes(one.world, quiet)
    expect((await shown(one)).bounces).toHaveLength(1)
    expect(dovecot.messages('Nashra')).toHaveLength(2)
  })

  test('letters for people, news of others and forged bounces stay as they were, and are looked at once', async () => {
    const one = await post(kind)
    const forged = one.to.replace(/^b\+(..)/, (_, two) => `b+${two === 'qq' ? 'pp' : 'qq'}`)
    dovecot.deliver(cameTo('paper@news.example', mailOf('letter-arabic', { reader: one.reader.address })))
    dovecot.deliver(cameTo('paper@news.example', mailOf('auto-precedence')))
    dovecot.deliver(cameTo(forged, mailOf('postfix-unknown-user', { reader: one.reader.address })))
    dovecot.deliver(cameTo('office@news.example', mailOf('order-english', { reader: 'stranger@b.example' })))
    for (let n = 0; n < 3; n++) await bounces.readMailboxes(one.world, quiet)
    expect(dovecot.messages().map(({ seen }) => seen)).toEqual([false, false, false, false])
    expect(dovecot.messages('Nashra')).toEqual([])
    expect(await shown(one)).toEqual({ suppression: null, bounces: [], state: 'active' })
    const looks = one.world.logs.filter(({ event }) => event === 'mail was taken from a mailbox')
    expect(looks.map(({ details }) => details)).toEqual([{ looked: 4, taken: 0 }])
    expect(JSON.stringify(one.world.logs)).not.toMatch(/\w@\w/)
  })

  test('who writes to the unsubscribe address, or answers so, has left; a complaint counts by the letter it returns', async () => {
    const { world, list, editionId } = await post(kind, '/INBOX', 4)
    const [first, second, third, fourth] = list.readers as [Reader, Reader, Reader, Reader]
    const { unsubscribe } = subscribers.tokens(world, { id: first.subscription_id, requested_at: null })
    dovecot.deliver(
      `From: a@b.example\r\nTo: <${leaveAddress(world, unsubscribe, PAPER)!.toUpperCase()}>\r\nSubject: x\r\n\r\n\r\n`,
    )
    dovecot.deliver(mailOf('order-arabic', { reader: second.address }).replace(/^To: .*$/m, `To: ${PAPER}`))
    const { public_id } = await world.db
      .selectFrom('edition')
      .select('public_id')
      .where('id', '=', editionId)
      .executeTakeFirstOrThrow()
    const complaint = mailOf('arf-abuse', { reader: third.address })
    dovecot.deliver(complaint.replace('e23456789abc.defghjkmnpq', `e${public_id}.${third.public_id}`))
    await bounces.readMailboxes(world, quiet)
    const all = await Promise.all([first, second, third, fourth].map((reader) => shown({ world, reader })))
    expect(all.map(({ state }) => state)).toEqual(['left', 'left', 'left', 'active'])
    expect(all.map(({ suppression }) => suppression)).toEqual([null, null, 'complaint', null])
    expect(dovecot.messages()).toEqual([])
  })

  test('what cannot be moved is said, and counts once, also when all ids have become others', async () => {
    const one = await post(kind)
    writeFileSync(join(dovecot.maildir, '.Nashra'), 'in the way')
    dovecot.deliver(cameTo(one.to, mailOf('postfix-loop')))
    dovecot.deliver(mailOf('order-arabic', { reader: one.reader.address }).replace(/^To: .*$/m, `To: ${PAPER}`))
    await bounces.readMailboxes(one.world, quiet)
    await bounces.readMailboxes(one.world, quiet)
    expect(await said(one.world)).toMatchObject({
      status: 'degraded',
      detail: expect.stringContaining('cannot be moved'),
    })
    expect(await shown(one)).toMatchObject({ state: 'left', bounces: [{ kind: 'soft' }] })
    await one.world.db
      .updateTable('subscription')
      .set({ state: 'active' })
      .where('id', '=', one.reader.subscription_id)
      .execute() // came back
    await dovecot.stop()
    for (const file of [
      'dovecot-uidlist',
      'dovecot-uidvalidity',
      'dovecot.index',
      'dovecot.index.log',
      'dovecot.index.cache',
    ])
      rmSync(join(dovecot.maildir, file), { force: true })
    rmSync(join(dovecot.maildir, '.Nashra'))
    await new Promise((resolve) => setTimeout(resolve, 1100)) // the new ones are named by the second
    await dovecot.start()
    const before = await validity(one.world)
    await bounces.readMailboxes(one.world, quiet)
    expect(await validity(one.world)).not.toBe(before)
    expect(await shown(one)).toMatchObject({ state: 'active', bounces: [{ kind: 'soft' }] })
    expect(dovecot.messages('Nashra')).toHaveLength(2)
    expect(await said(one.world)).toEqual({ status: 'ok' })
  })

  test('a changed password is said in words, asked about ever more rarely, and forgotten when it is right again', async () => {
    const one = await post(kind)
    dovecot.setPassword('another')
    dovecot.deliver(cameTo(one.to, mailOf('postfix-unknown-user', { reader: one.reader.address })))
    await bounces.readMailboxes(one.world, quiet)
    expect(await said(one.world)).toEqual({
      status: 'degraded',
      detail: expect.stringMatching(/^127\.0\.0\.1 \(INBOX\): the log-in is refused: .*\(since .*Z, next try .*Z\)$/),
    })
    const tries = () => one.world.logs.filter(({ event }) => event === 'a mailbox cannot be read')
    for (let minute = 0; minute < 120; minute++) {
      one.world.clock.advance({ minutes: 1 })
      await bounces.readMailboxes(one.world, quiet)
    }
    expect(tries().map(({ details }) => details!['minutes'])).toEqual(
      [1, 2, 4, 8, 15, 15, 15, 15, 15, 15, 15, 15].slice(0, tries().length),
    )
    expect(tries().length).toBeLessThan(13)
    expect(JSON.stringify(one.world.logs)).not.toMatch(/p@ss|another|\w@\w/)
    dovecot.setPassword('p@ss/w')
    await new Promise((resolve) => setTimeout(resolve, 1100)) // Dovecot looks at its users once a second
    const restarted = await one.world.again()
    open.push(() => restarted.database.close())
    await bounces.readMailboxes(restarted, quiet) // another process does not wait for the pause of this one
    expect(await shown(one)).toMatchObject({ suppression: 'bounced 5.1.1' })
    expect(await said(one.world)).toEqual({ status: 'ok' })
    expect(restarted.logs.map(({ event }) => event)).toContain('a mailbox is read again')
  })

  test('a folder that is not there, a server that is not, one that stops being read: each is said', async () => {
    const { world } = await post(kind, '/Bounces')
    await bounces.readMailboxes(world, quiet)
    expect((await said(world))!.detail).toMatch(/there is no folder Bounces/)
    await dovecot.stop()
    world.clock.advance({ minutes: 5 })
    await bounces.readMailboxes(world, quiet)
    expect((await said(world))!.detail).toMatch(/ECONNREFUSED.* \(since .*next try/)
    await dovecot.start()
    const other = await post(kind)
    await bounces.readMailboxes(other.world, quiet)
    expect(await said(other.world)).toEqual({ status: 'ok' })
    other.world.clock.advance({ minutes: 31 })
    expect((await said(other.world))!.detail).toMatch(/not read since .*: does serve run\?/)
  })

  test('of two processes one reads at a time', async () => {
    const one = await post(kind, '/INBOX', 60)
    for (const reader of one.list.readers)
      dovecot.deliver(
        cameTo(
          envelopeOf(one.world, one.editionId, reader),
          mailOf('postfix-unknown-user', { reader: reader.address }),
        ),
      )
    const second = await one.world.again()
    open.push(() => second.database.close())
    await Promise.all([one.world, second, one.world, second].map((world) => bounces.readMailboxes(world, quiet)))
    const looked = [...one.world.logs, ...second.logs].flatMap(({ details }) => details?.['looked'] ?? [])
    expect(looked).toEqual([20, 20, 20])
    expect(dovecot.messages('Nashra')).toHaveLength(60)
    const { n } = await one.world.db
      .selectFrom('bounce')
      .select(({ fn, cast }) => cast<number>(fn.countAll(), 'integer').as('n'))
      .executeTakeFirstOrThrow()
    expect(n).toBe(60)
  })

  test('wherever the line breaks, nothing is lost and nothing counts twice', { timeout: 120_000 }, async () => {
    const one = await post(kind, '/INBOX', 25)
    await using line = await openLine(dovecot.port.imap)
    const config = {
      ...one.world.config,
      inbound: [{ ...one.world.config.inbound[0]!, protocol: 'imap' as const, port: line.port }],
    }
    const world = Object.assign(Object.create(one.world) as World, { config })
    for (const reader of one.list.readers)
      dovecot.deliver(
        cameTo(envelopeOf(world, one.editionId, reader), mailOf('postfix-loop', { id: reader.public_id })),
      )
    for (let bytes = 50; bytes < 200_000; bytes = Math.ceil(bytes * 1.3)) {
      line.cutAfter(bytes)
      one.world.clock.advance({ minutes: 20 })
      await bounces.readMailboxes(world, quiet)
    }
    expect(dovecot.messages()).toEqual([])
    expect(dovecot.messages('Nashra')).toHaveLength(25)
    const rows = await world.db.selectFrom('bounce').select('subscriber_id').execute()
    expect(new Set(rows.map((row) => row.subscriber_id)).size).toBe(25)
    expect(rows).toHaveLength(25)
    expect(await said(world)).toEqual({ status: 'ok' })
  })

  test('of a huge message no more is read than the report in front of it', async () => {
    const one = await post(kind)
    const bounce = mailOf('postfix-unknown-user', { reader: one.reader.address })
    dovecot.deliver(`${cameTo(one.to, bounce)}${'0123456789abcdef\r\n'.repeat(2_000_000)}`)
    await bounces.readMailboxes(one.world, quiet)
    expect(await shown(one)).toMatchObject({ suppression: 'bounced 5.1.1' })
    expect(dovecot.messages('Nashra')).toHaveLength(1)
  })

  test('what is older than a month is left alone', async () => {
    const one = await post(kind)
    const old = new Date(Date.now() - 40 * 86_400_000)
    dovecot.deliver(cameTo(one.to, mailOf('postfix-unknown-user', { reader: one.reader.address })), old)
    await bounces.readMailboxes(one.world, quiet)
    expect(await shown(one)).toMatchObject({ suppression: null })
    expect(dovecot.messages()).toHaveLength(1)
  })

  test('a copy of the paper, or a restored one, leaves the mailbox to the paper', async () => {
    const one = await post(kind)
    await one.world.db.updateTable('home').set({ held_for: 'copied' }).execute()
    dovecot.deliver(cameTo(one.to, mailOf('postfix-unknown-user', { reader: one.reader.address })))
    await readMailboxes.run(one.world, quiet)
    expect(dovecot.messages()).toHaveLength(1)
    expect(await said(one.world)).toEqual({ status: 'ok' }) // sending says why
    await one.world.db.updateTable('home').set({ held_for: null }).execute()
    await readMailboxes.run(one.world, quiet)
    expect(dovecot.messages()).toEqual([])
  })

  test('off this machine the certificate must hold', async () => {
    const { world } = await post(kind)
    const inbound = [{ ...world.config.inbound[0]!, host: '0.0.0.0' }] // the same server by a name that is not loopback
    const away = Object.assign(Object.create(world) as World, { config: { ...world.config, inbound } })
    await bounces.readMailboxes(away, quiet)
    expect((await said(away))!.detail).toMatch(/^0\.0\.0\.0 \(INBOX\): its certificate does not hold: self-signed/)
    expect((await said(world))!.detail).toBe(undefined)
  })
})

describe('a mail server that is none', () => {
  test.each([
    ['hangs up', (socket: Socket) => void socket.destroy(), /.+/],
    ['speaks something else', (socket: Socket) => void socket.end('220 mx.example ESMTP\r\n'), /.+/],
    ['never ends its line', flooding('* OK '), /line|exceeds/i],
    ['never ends its answers', flooding('* OK [ALERT] x\r\n'.repeat(4000)), /.+/],
    [
      'tells an address',
      (socket: Socket) => void socket.end('* BYE user bounces@news.example is locked\r\n'),
      /…|hung up/,
    ],
  ])('that %s is a pause and a sentence', { timeout: 60_000 }, async (_, speak, words) => {
    await using server = await openServer(speak)
    await using world = await openWorld('sqlite', new Date().toISOString(), { NASHRA_INBOUND: server.url })
    const before = process.memoryUsage().rss
    await bounces.readMailboxes(world, quiet)
    const { detail } = (await said(world))!
    expect(detail).toMatch(words)
    expect(detail).not.toMatch(/\w@\w/)
    expect(process.memoryUsage().rss - before).toBeLessThan(200e6)
  })

  test('that says nothing is given up within half a minute, and ends at once when we stop', {
    timeout: 60_000,
  }, async () => {
    await using server = await openServer(() => {})
    await using world = await openWorld('sqlite', new Date().toISOString(), { NASHRA_INBOUND: server.url })
    const began = performance.now()
    await bounces.readMailboxes(world, AbortSignal.timeout(300))
    expect(performance.now() - began).toBeLessThan(5000)
    expect(await said(world)).toEqual({ status: 'ok' }) // it was us who ended it
    await bounces.readMailboxes(world, quiet)
    expect(performance.now() - began).toBeLessThan(35_000)
    expect(await said(world)).toMatchObject({ status: 'degraded' })
  })
})

async function validity({ db }: World): Promise<number | undefined> {
  return (await db.selectFrom('mailbox').select('uid_validity').executeTakeFirst())?.uid_validity
}

/** Sends the same again and again, as fast as it is taken. */
function flooding(text: string): (socket: Socket) => void {
  return (socket) => {
    const more = () => {
      while (!socket.destroyed && socket.write(text.length > 100 ? text : `${text}${'x'.repeat(65_536)}`));
    }
    socket.on('drain', more)
    more()
  }
}

async function openServer(speak: (socket: Socket) => void) {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    speak(socket)
  })
  const port = await listening(server)
  return {
    url: `imap://u:secret@127.0.0.1:${port}/INBOX`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** A line to a server that breaks after so many bytes from it. */
async function openLine(target: number) {
  let most = Number.POSITIVE_INFINITY
  const server = createServer((socket) => {
    const other = connect(target, '127.0.0.1')
    let left = most
    other.on('data', (bytes: Buffer) => {
      socket.write(bytes.subarray(0, Math.max(0, left)))
      left -= bytes.length
      if (left <= 0) socket.destroySoon()
    })
    socket.on('data', (bytes) => void other.write(bytes))
    for (const [one, two] of [
      [socket, other],
      [other, socket],
    ] as const) {
      one.on('error', () => {})
      one.on('close', () => two.destroySoon())
    }
  })
  const port = await listening(server)
  return {
    port,
    cutAfter(bytes: number) {
      most = bytes
    },
    [Symbol.asyncDispose]: async () => void (await new Promise((resolve) => server.close(resolve))),
  }
}

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as { port: number }).port
}

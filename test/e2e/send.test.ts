import { once } from 'node:events'
import { sql } from 'kysely'
import { type ParsedMail, simpleParser } from 'mailparser'
import { SMTPServer } from 'smtp-server'
import { describe, expect, test } from 'vitest'
import * as deliveries from '../../src/deliveries/index.ts'
import { edition, mailing } from '../mailing.ts'
import { startSending } from '../program.ts'
import { openRelay, type Received, type Script } from '../relay.ts'
import { databases, openWorld, type World } from '../world.ts'

const MORNING = '2026-11-23T05:00:00Z'
const NONE = { submitted: 0, refused: 0, deferred: 0, uncertain: 0, skipped: 0 }
const several = databases.filter((kind) => kind !== 'pglite') // PGlite lives inside one process

describe.each(several)('sending from processes of their own on %s', (kind) => {
  test('SIGTERM lets the letters on the wire end, and nothing is repeated', async () => {
    await using relay = await openRelay({ dot: () => soon(40, '250 ok') })
    await using world = await openWorld(kind, new Date().toISOString())
    const { public_id } = await edition(world, await mailing(world, 300))
    for (let stop = 0; stop < 2; stop++) {
      const before = relay.seen.length
      const child = startSending(world, relay.url)
      while (relay.seen.length < before + 30) await soon(5)
      child.process.kill('SIGTERM')
      expect((await child.ended).code).toBe(0)
    }
    expect(relay.seen.length).toBeLessThan(300)
    expect((await startSending(world, relay.url).ended).code).toBe(0)
    expect(relay.received.map((letter) => letter.to).sort()).toEqual(
      [...new Set(relay.seen.map((letter) => letter.to))].sort(),
    )
    expect(await deliveries.verify(world.db, public_id)).toMatchObject({ submitted: 300, doubted: [], addsUp: true })
  })

  test('two processes at once share the work and send nothing twice', async () => {
    await using relay = await openRelay({ dot: () => soon(10, '250 ok') })
    await using world = await openWorld(kind, new Date().toISOString())
    const { public_id } = await edition(world, await mailing(world, 1000))
    const ended = await Promise.all([startSending(world, relay.url).ended, startSending(world, relay.url).ended])
    expect(ended.map(({ code }) => code)).toEqual([0, 0])
    expect(relay.seen).toHaveLength(1000)
    expect(ended.reduce((sum, { answer }) => sum + Number(answer['submitted']), 0)).toBe(1000)
    expect(await deliveries.verify(world.db, public_id)).toMatchObject({ submitted: 1000, doubted: [], addsUp: true })
  })

  test('many workers claim at once, and each letter has one of them', async () => {
    await using relay = await openRelay()
    await using world = await openWorld(kind, MORNING, { NASHRA_SMTP: `${relay.url}?connections=4` })
    const { public_id } = await edition(world, await mailing(world, 2000))
    const others = await Promise.all([world.again(), world.again(), world.again()])
    const sent = await Promise.all([world, ...others].map((app) => deliveries.sendUntilEmpty(app, { wait: 0 })))
    for (const other of others) await other.database.close()
    expect(sent.reduce((sum, { submitted }) => sum + submitted, 0)).toBe(2000)
    expect(new Set(relay.seen.map((letter) => letter.to)).size).toBe(relay.seen.length)
    expect(await deliveries.verify(world.db, public_id)).toMatchObject({ submitted: 2000, addsUp: true })
  })
})

describe.runIf(several.includes('postgres'))('a PostgreSQL that goes away', () => {
  test('a connection that is cut in the middle of a transaction ends that one, and not the process', async () => {
    await using world = await openWorld('postgres', MORNING)
    const broken = world.db.transaction().execute(async (db) => {
      const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(db)
      await sql`select pg_terminate_backend(${rows[0]!.pid})`.execute(world.db)
      await soon(50)
      await db.selectFrom('site').selectAll().execute()
    })
    await expect(broken).rejects.toThrow()
    expect(await world.db.selectFrom('site').select('id').execute()).toHaveLength(1)
  })
})

describe('relays as they are', () => {
  async function send(
    script: Script,
    readers = 30,
    query = '',
  ): Promise<{ sent: deliveries.Sent; seen: Received[]; received: Received[]; world: World; id: string }> {
    const relay = await openRelay(script)
    const world = await openWorld('sqlite', MORNING, { NASHRA_SMTP: `${relay.url}${query}` })
    const { public_id: id } = await edition(world, await mailing(world, readers))
    try {
      const sent = await deliveries.sendUntilEmpty(world, { wait: 0 })
      expect(await deliveries.verify(world.db, id)).toMatchObject({ recipients: readers, addsUp: true })
      return { sent, ...relay, world, id }
    } finally {
      await relay.close()
      await world[Symbol.asyncDispose]()
    }
  }

  test.each<[string, Script]>([
    ['does not know PIPELINING', { ehlo: ['8BITMIME'] }],
    [
      'answers in many lines',
      {
        mail: () => '250-2.1.0 sender\r\n250-is\r\n250 fine',
        rcpt: () => '250-2.1.5 so\r\n250 is this',
        dot: () => '250-2.0.0\r\n250 queued as A1',
      },
    ],
    ['answers slowly', { rcpt: () => soon(30, '250 ok'), dot: () => soon(50, '250 ok') }],
    [
      'ends each line after seven letters',
      { mail: () => '250 ok', dot: (_, nth) => (nth === 7 ? '250 ok\r\n421 4.7.0 too many letters' : '250 ok') },
    ],
    [
      'refuses the eighth letter of a line with 421',
      { mail: () => '250 ok', rcpt: (_, nth) => (nth === 8 ? '421 4.7.0 too many letters' : '250 ok') },
    ],
    [
      'takes three lines and no more',
      { greeting: (line) => (line <= 3 ? '220 hello' : '421 4.7.0 too many connections') },
    ],
    ['hangs up at the eighth DATA', { data: (nth) => (nth === 8 ? 'drop' : '354 go') }],
  ])('a relay that %s gets every letter once', async (_, script) => {
    const { sent, seen } = await send(script)
    expect(sent).toEqual({ ...NONE, submitted: 30 })
    expect(new Set(seen.map((letter) => letter.to)).size).toBe(30)
    expect(seen).toHaveLength(30)
  })

  test.each<[string, Script, string]>([
    ['greets with 421', { greeting: () => '421 4.3.2 not now' }, '421 4.3.2 not now'],
    ['greets with nonsense', { greeting: () => 'HTTP/1.1 400 Bad Request' }, 'Invalid greeting'],
    ['hangs up at once', { greeting: () => 'drop' }, 'closed'],
    ['refuses our sender', { mail: () => '550 5.7.1 you may not send from here' }, 'you may not send from here'],
    ['wants a log-in', { rcpt: () => '530 5.7.0 Authentication required' }, 'Authentication required'],
    ['does not relay', { rcpt: () => '554 5.7.1 Relay access denied' }, 'Relay access denied'],
    ['answers nonsense', { rcpt: () => 'what?' }, 'what?'],
  ])('a relay that %s is named with its words, and no letter loses a try', async (_, script, words) => {
    await expect(send(script)).rejects.toMatchObject({
      code: 'relay-unreachable',
      values: { reason: expect.stringContaining(words) },
    })
  })

  test('a letter that breaks the line whenever it comes is deferred, and the others go out', async () => {
    const poison = 'morning-3@example.org'
    const { sent, received } = await send({ rcpt: (to) => (to === poison ? 'drop' : '250 ok') })
    expect(sent).toEqual({ ...NONE, submitted: 29, deferred: 1 })
    expect(received.map((letter) => letter.to)).not.toContain(poison)
  })

  test('a letter that breaks the line when no other is left is deferred, too, and the relay is not blamed', async () => {
    const poison = 'morning-1@example.org'
    const { sent } = await send({ rcpt: (to) => (to === poison ? 'drop' : '250 ok') }, 2, '?connections=1')
    expect(sent).toEqual({ ...NONE, submitted: 1, deferred: 1 })
  })

  test('a relay that breaks every line after a while is named, and no letter loses a try', async () => {
    let taken = 0
    const relay = await openRelay({ rcpt: () => (++taken > 5 ? 'drop' : '250 ok') })
    await using world = await openWorld('sqlite', MORNING, { NASHRA_SMTP: `${relay.url}?connections=4` })
    const { public_id } = await edition(world, await mailing(world, 30))
    await expect(deliveries.sendUntilEmpty(world, { wait: 0 })).rejects.toMatchObject({ code: 'relay-unreachable' })
    await relay.close()
    expect(await deliveries.verify(world.db, public_id)).toMatchObject({ submitted: 5, waiting: 25, addsUp: true })
    const tried = await world.db.selectFrom('delivery').select('attempts').where('attempts', '>', 0).execute()
    expect(tried).toEqual([])
  })

  test('a relay that breaks its lines at each letter’s first try is asked again soon, and takes them all', async () => {
    const known = new Set<string>()
    const rcpt = (to: string) => (known.has(to) ? '250 ok' : known.add(to) && 'drop')
    await using relay = await openRelay({ rcpt })
    await using world = await openWorld('sqlite', MORNING, { NASHRA_SMTP: `${relay.url}?connections=5` })
    await edition(world, await mailing(world, 30))
    expect(await deliveries.sendUntilEmpty(world, { wait: 30_000 })).toMatchObject({ submitted: 30, deferred: 0 })
    expect(relay.received).toHaveLength(30)
  })

  test('an answer that comes before our dot is not taken for one to it', async () => {
    let early = 3
    const { sent, received } = await send(
      { data: (nth) => (nth > 1 && early-- > 0 ? '354 go\r\n250 ok already' : '354 go') },
      10,
      '?connections=1',
    )
    expect(sent).toMatchObject({ submitted: 10 })
    expect(new Set(received.map((letter) => letter.to)).size).toBe(10)
  })

  test('log-in, STARTTLS and a real server: the letter is what a mail program expects', async () => {
    const letters: ParsedMail[] = []
    let encrypted = 0
    const server = new SMTPServer({
      onAuth: ({ username, password }, _, done) =>
        username === 'paper' && password === 'p@ss:/' ? done(null, { user: 'paper' }) : done(new Error('no')),
      onData(stream, session, done) {
        if (session.secure) encrypted++
        simpleParser(stream).then((letter) => {
          letters.push(letter)
          done()
        }, done)
      },
    })
    server.listen(0, '127.0.0.1')
    await once(server.server, 'listening')
    const { port } = server.server.address() as { port: number }
    await using world = await openWorld('sqlite', MORNING, {
      NASHRA_SMTP: `smtp://paper:p%40ss%3A%2F@127.0.0.1:${port}`,
    })
    const list = await mailing(world, 3)
    await edition(world, list)
    expect(await deliveries.sendUntilEmpty(world, { wait: 0 })).toEqual({ ...NONE, submitted: 3 })
    await new Promise<void>((resolve) => server.close(() => resolve()))

    expect(encrypted).toBe(3)
    const letter = letters.find((one) => one.text?.includes('عنوان'))!
    expect(letter.subject).toBe('عناوين 2026-11-23')
    expect(letter.from).toMatchObject({ value: [{ name: 'نشرة', address: 'paper@news.example' }] })
    expect(letter.html).toContain('dir="rtl"')
    const link = /https:\/\/news\.example\/unsubscribe\/[\w-]{30}/
    expect(letter.text).toMatch(link)
    expect(letter.headers.get('list')).toMatchObject({ unsubscribe: { url: expect.stringMatching(link) } })
  })

  test('a wrong password is said, once, and never shown', async () => {
    const server = new SMTPServer({ onAuth: (_, __, done) => done(new Error('Invalid username or password')) })
    server.on('error', () => {})
    server.listen(0, '127.0.0.1')
    await once(server.server, 'listening')
    const { port } = server.server.address() as { port: number }
    await using world = await openWorld('sqlite', MORNING, { NASHRA_SMTP: `smtp://paper:topsecret@127.0.0.1:${port}` })
    await edition(world, await mailing(world, 2))
    await expect(deliveries.sendUntilEmpty(world, { wait: 0 })).rejects.toMatchObject({
      code: 'relay-unreachable',
      values: { reason: expect.stringContaining('535') },
    })
    await new Promise<void>((resolve) => server.close(() => resolve()))
    expect(JSON.stringify(world.logs)).not.toContain('topsecret')
  })

  test('rates are kept', async () => {
    const from = performance.now()
    await send({}, 10, '?rate=20')
    expect(performance.now() - from).toBeGreaterThan(450)
  })
})

function soon(milliseconds: number, answer = ''): Promise<string> {
  return new Promise((resolve) => setTimeout(() => resolve(answer), milliseconds))
}

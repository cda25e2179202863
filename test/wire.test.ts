import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import fc from 'fast-check'
import { SMTPServer } from 'smtp-server'
import { describe, expect, test } from 'vitest'
import { email } from '../src/address.ts'
import type { Relay } from '../src/config.ts'
import * as mail from '../src/mail.ts'
import { openRelay, type Script } from './relay.ts'

const FROM = email('paper@news.example')
const TO = email('reader@example.org')
const LETTER = [Buffer.from('Subject: x\r\n\r\n'), Buffer.from(`${'QUJD'.repeat(19)}\r\n`.repeat(900))]
const PATIENCE = { mail: 300, rcpt: 300, data: 300, dot: 300 }

function relayAt(port: number, more: Partial<Relay> = {}): Relay {
  return { name: `127.0.0.1:${port}`, host: '127.0.0.1', port, secure: false, connections: 1, sign: true, ...more }
}

function open(port: number, manner: mail.Manner = { patience: PATIENCE }, more: Partial<Relay> = {}) {
  return mail.connect(relayAt(port, more), 'news.example', new AbortController().signal, manner)
}

/** What becomes of letters that are submitted one after another on one line. */
async function submitted(script: Script, n = 1, manner?: mail.Manner) {
  await using relay = await openRelay(script)
  const line = await open(relay.port, manner)
  const answers: mail.Answer[] = []
  for (let nth = 0; nth < n && line.open; nth++) answers.push(await line.submit({ from: FROM, to: TO }, LETTER))
  const usable = line.open
  await line.quit()
  return { answers, usable, seen: relay.seen.length, received: relay.received, direct: line.direct }
}

test('nodemailer’s connection still has inside what our own writer needs', async () => {
  expect((await submitted({})).direct).toBe(true)
})

test.each([true, false])(
  'no byte of a letter leaves before it may go, and none when it may not; direct: %s',
  async (direct) => {
    await using relay = await openRelay()
    const line = await open(relay.port, { patience: PATIENCE, direct })
    let permitted = false
    const answer = line.submit({ from: FROM, to: TO }, LETTER, async () => {
      await new Promise((resolve) => setTimeout(resolve, 50))
      expect(relay.seen).toHaveLength(0)
      permitted = true
      return true
    })
    expect(await answer).toMatchObject({ kind: 'accepted' })
    expect(permitted).toBe(true)
    expect(await line.submit({ from: FROM, to: TO }, LETTER, async () => false)).toMatchObject({ kind: 'unsent' })
    await line.quit()
    expect(relay.seen).toHaveLength(1)
  },
)

describe.each<[string, Script]>([
  ['with PIPELINING', {}],
  ['without it', { ehlo: ['8BITMIME'] }],
])('on a line %s', (_, base) => {
  test('letter after letter arrives byte for byte', async () => {
    const { answers, usable, received } = await submitted(base, 3)
    expect(answers).toEqual(Array(3).fill({ kind: 'accepted', reply: '250 2.0.0 queued' }))
    expect(usable).toBe(true)
    expect(received).toHaveLength(3)
    for (const { from, to, source } of received)
      expect({ from, to, source: `${source}\r\n` }).toEqual({
        from: FROM,
        to: TO,
        source: Buffer.concat(LETTER).toString(),
      })
  })

  test.each<[string, Script, mail.Answer['kind'], boolean]>([
    ['550 at MAIL', { mail: () => '550 5.7.1 no' }, 'trouble', false],
    ['451 at MAIL', { mail: () => '451 4.3.0 no' }, 'trouble', false],
    ['550 at RCPT', { rcpt: () => '550 5.1.1 no such user' }, 'refused', true],
    ['450 at RCPT', { rcpt: () => '450 4.2.0 greylisted' }, 'deferred', true],
    ['554 at DATA', { data: () => '554 5.6.0 no' }, 'refused', true],
    ['451 at DATA', { data: () => '451 4.3.0 no' }, 'deferred', true],
    ['250 at DATA', { data: () => '250 ok' }, 'unsent', false],
    ['354 at RCPT', { rcpt: () => '354 go' }, 'unsent', false],
    ['552 at the dot', { dot: () => '552 5.3.4 too large' }, 'refused', true],
    ['451 at the dot', { dot: () => '451 4.3.0 later' }, 'deferred', true],
    ['354 at the dot', { dot: () => '354 more' }, 'unknown', false],
    ['421 at MAIL', { mail: () => '421 4.3.2 closing' }, 'trouble', false],
    ['421 at RCPT', { rcpt: () => '421 4.3.2 closing' }, 'trouble', false],
    ['421 at DATA', { data: () => '421 4.3.2 closing' }, 'trouble', false],
    ['421 at the dot', { dot: () => '421 4.3.2 closing' }, 'trouble', false],
    ['the end at MAIL', { mail: () => 'drop' }, 'unsent', false],
    ['the end at RCPT', { rcpt: () => 'drop' }, 'unsent', false],
    ['the end at DATA', { data: () => 'drop' }, 'unsent', false],
    ['the end at the dot', { dot: () => 'drop' }, 'unknown', false],
    ['nonsense at MAIL', { mail: () => 'what?' }, 'unsent', false],
    ['nonsense at RCPT', { rcpt: () => '\u0000\u00ff' }, 'unsent', false],
    ['nonsense at DATA', { data: () => '99 ok' }, 'unsent', false],
    ['nonsense at the dot', { dot: () => '2500 ok' }, 'unknown', false],
    ['two codes in one reply at the dot', { dot: () => '250-ok\r\n550 no' }, 'unknown', false],
    ['silence at MAIL', { mail: () => never() }, 'unsent', false],
    ['silence at RCPT', { rcpt: () => never() }, 'unsent', false],
    ['silence at DATA', { data: () => never() }, 'unsent', false],
    ['silence at the dot', { dot: () => never() }, 'unknown', false],
    ['a reply without end at the dot', { dot: () => `250-${'x'.repeat(300_000)}` }, 'unknown', false],
    ['an answer before the letter', { data: () => '354 go\r\n250 ok' }, 'unsent', false],
  ])('%s is understood', async (_, script, kind, usable) => {
    const { answers, ...line } = await submitted({ ...base, ...script })
    expect(answers[0]!.kind).toBe(kind)
    expect(line.usable).toBe(usable)
    expect(answers[0]!.reply.length).toBeLessThanOrEqual(300)
    expect(answers[0]!.reply).not.toMatch(/\p{Cc}/u)
  })

  test('after a refused reader the next one gets the letter on the same line', async () => {
    let nth = 0
    const { answers, received } = await submitted({ ...base, rcpt: () => (nth++ === 0 ? '550 5.1.1 no' : '250 ok') }, 2)
    expect(answers.map(({ kind }) => kind)).toEqual(['refused', 'accepted'])
    expect(received).toHaveLength(1)
  })

  test('a relay that goes after its 250 has the letter, and the line is over', async () => {
    const { answers, usable } = await submitted({ ...base, dot: () => '250 ok\r\n421 4.7.0 enough' }, 2)
    expect(answers).toEqual([{ kind: 'accepted', reply: '250 ok' }])
    expect(usable).toBe(false)
  })

  test('a reply of two hundred lines is one reply, its code said once', async () => {
    const long = [...Array.from({ length: 199 }, (_, n) => `250-2.0.0 line ${n}`), '250 2.0.0 end'].join('\r\n')
    const { answers } = await submitted({ ...base, dot: () => long, rcpt: () => long }, 2)
    expect(answers.map(({ kind }) => kind)).toEqual(['accepted', 'accepted'])
    expect(answers[0]!.reply).toMatch(/^250 2\.0\.0 line 0 line 1 line 2 /)
  })
})

test('a relay that takes DATA although it has refused the reader gets an empty letter, and the line goes on', async () => {
  const got: string[] = []
  const refused = ['550 5.1.1 no such user']
  const { port, close } = await raw((say) => (line) => {
    got.push(line)
    if (line.startsWith('RCPT')) say(refused.pop() ?? '250 ok')
    else if (line === 'DATA') say('354 go')
    else if (/^(EHLO|MAIL|RSET|QUIT|\.$)/.test(line))
      say(line.startsWith('EHLO') ? '250-x\r\n250 PIPELINING' : '250 ok')
  })
  const line = await open(port)
  expect(await line.submit({ from: FROM, to: TO }, LETTER)).toEqual({
    kind: 'refused',
    reply: '550 5.1.1 no such user',
  })
  expect(got.slice(got.indexOf('DATA'))).toEqual(['DATA', '.', 'RSET'])
  expect((await line.submit({ from: FROM, to: TO }, LETTER)).kind).toBe('accepted')
  await line.quit()
  await close()
})

test('replies may arrive split anywhere, glued, or a byte at a time', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 8 }),
      fc.boolean(),
      async (cuts, lf) => {
        const { port, close } = await raw(
          (say) => (line) => {
            if (line.startsWith('EHLO')) say('250-x\r\n250 PIPELINING')
            else if (line.startsWith('MAIL')) say('250-2.1.0 so\r\n250-2.1.0 is\r\n250 2.1.0 this')
            else if (line.startsWith('RCPT')) say('250')
            else if (line === 'DATA') say('354 go')
            else if (line === '.') say('250-2.0.0 queued\r\n250 2.0.0 as A1')
          },
          cuts,
          lf,
        )
        const line = await open(port, { patience: { mail: 5000, rcpt: 5000, data: 5000, dot: 5000 } })
        expect(await line.submit({ from: FROM, to: TO }, LETTER)).toEqual({
          kind: 'accepted',
          reply: '250 2.0.0 queued as A1',
        })
        line.close()
        await close()
      },
    ),
    { numRuns: 15 },
  )
})

test('whatever a relay says, a letter gets an answer, and only a 2xx after the dot takes it', async () => {
  const word = fc.oneof(
    fc.constantFrom('250 ok', '250-more', '354 go', '550 no', '421 bye', 'drop', '', '250'),
    fc.string({ unit: 'binary', maxLength: 12 }),
  )
  await fc.assert(
    fc.asyncProperty(word, word, word, word, async (mailSays, rcpt, data, dot) => {
      const { answers, seen } = await submitted(
        { mail: () => mailSays, rcpt: () => rcpt, data: () => data, dot: () => dot },
        1,
        { patience: { mail: 40, rcpt: 40, data: 40, dot: 40 } },
      )
      if (answers[0]?.kind === 'accepted')
        expect({ seen, taken: /(^|\n)2\d\d( |\r?$|\r?\n)/.test(dot) }).toEqual({ seen: 1, taken: true })
      if (answers[0] && seen > 0) expect(answers[0].kind).not.toBe('unsent')
    }),
    { numRuns: 60 },
  )
}, 60_000)

test.each<[string, mail.Answer['kind']]>([
  ['451 4.7.1 Rate limit exceeded', 'trouble'],
  ['450 4.7.1 Error: too much mail from 192.0.2.1', 'trouble'],
  ['421 4.7.0 Too many connections', 'trouble'],
  ['421 4.7.0 Greylisted, come back later', 'trouble'],
  ['454 4.7.0 Throttling failure: Daily message quota exceeded', 'trouble'],
  ['550 5.7.0 Your daily quota is used up', 'trouble'],
  ['552 5.2.2 The account is over its sending quota', 'refused'],
  ['452 4.2.2 The mailbox is over its quota', 'deferred'],
  ['451 4.7.1 Greylisting in action, please come back later', 'deferred'],
  ['550 5.7.1 Message rejected due to content', 'refused'],
  ['550 5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup; authentication required', 'refused'],
  ['550 5.7.1 RESOLVER.RST.AuthRequired; authentication required', 'refused'],
])('%s is %s', async (reply, kind) => {
  expect((await submitted({ rcpt: () => reply })).answers[0]!.kind).toBe(kind)
})

test('a line that is hung up answers at once for the letter that was on it', async () => {
  await using relay = await openRelay({ dot: () => never() })
  const line = await open(relay.port, {})
  const answer = line.submit({ from: FROM, to: TO }, LETTER)
  while (relay.seen.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
  const from = performance.now()
  line.close()
  expect((await answer).kind).toBe('unknown')
  expect(performance.now() - from).toBeLessThan(500)
  expect(line.open).toBe(false)
})

test('nothing but a checked address gets into an envelope', async () => {
  await using relay = await openRelay()
  const line = await open(relay.port)
  for (const evil of ['a@x>\r\nRCPT TO:<b@y', 'a b@x', 'a@x\u0000', 'é@x', ''])
    await expect(line.submit({ from: FROM, to: evil as typeof TO }, LETTER)).rejects.toThrow('checked')
  line.close()
})

test('STARTTLS, TLS from the start and each way to log in end in our own writer', async () => {
  for (const [method, secure] of [
    ['PLAIN', false],
    ['LOGIN', false],
    ['CRAM-MD5', false],
    ['PLAIN', true],
  ] as const) {
    const got: string[] = []
    const server = new SMTPServer({
      ...{ secure, authMethods: [method], logger: false },
      onAuth: (auth, _, done) =>
        (auth.method === 'CRAM-MD5' ? auth.validatePassword('p') : auth.password === 'p')
          ? done(null, { user: 'u' })
          : done(new Error('no')),
      onData(stream, session, done) {
        let source = ''
        stream.on('data', (chunk) => {
          source += chunk
        })
        stream.on('end', () => {
          if (session.secure) got.push(source)
          done()
        })
      },
    })
    server.on('error', () => {})
    server.listen(0, '127.0.0.1')
    await once(server.server, 'listening')
    const { port } = server.server.address() as AddressInfo
    const line = await open(port, {}, { secure, user: 'u', password: 'p' }) // on this machine any certificate will do
    expect(line.direct).toBe(true)
    expect((await line.submit({ from: FROM, to: TO }, LETTER)).kind).toBe('accepted')
    await line.quit()
    expect(got).toEqual([Buffer.concat(LETTER).toString()])
    await new Promise<void>((resolve) => server.close(() => resolve()))
  }
})

test('when nodemailer writes the letter itself, it arrives as well, and answers mean the same', async () => {
  const manner = { direct: false }
  const { answers, received, direct } = await submitted({}, 2, manner)
  expect({ direct, answers: answers.map(({ kind }) => kind) }).toEqual({
    direct: false,
    answers: ['accepted', 'accepted'],
  })
  expect(`${received[0]!.source}\r\n`).toBe(Buffer.concat(LETTER).toString())
  expect((await submitted({ rcpt: () => '550 5.1.1 no' }, 1, manner)).answers[0]!.kind).toBe('refused')
  expect((await submitted({ dot: () => 'drop' }, 1, manner)).answers[0]!.kind).toBe('unknown')
  expect((await submitted({ rcpt: () => '421 no' }, 1, manner)).answers[0]!.kind).toBe('trouble')
})

function never(): Promise<string> {
  return new Promise(() => {})
}

type Say = (text: string) => void

/** A relay that answers line by line, cut into pieces of these lengths, its lines ended by CRLF or a bare LF. */
async function raw(converse: (say: Say) => (line: string) => void, cuts?: number[], lf = false) {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.setNoDelay(true)
    socket.on('error', () => {})
    let writing = Promise.resolve()
    const say = (text: string) => {
      let rest = lf ? `${text}\n`.replaceAll('\r\n', '\n') : `${text}\r\n`
      if (!cuts) return void socket.write(rest)
      writing = writing.then(async () => {
        for (let nth = 0; rest; nth++) {
          const length = cuts[nth % cuts.length]!
          socket.write(rest.slice(0, length))
          rest = rest.slice(length)
          await new Promise((resolve) => setImmediate(resolve))
        }
      })
    }
    const hear = converse(say)
    let heard = ''
    say('220 x')
    socket.on('data', (chunk) => {
      const lines = (heard + chunk.toString('latin1')).split('\r\n')
      heard = lines.pop()!
      for (const line of lines) hear(line)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  async function close(): Promise<void> {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  }
  return { port: (server.address() as AddressInfo).port, close }
}

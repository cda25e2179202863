import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { email } from '../src/address.ts'
import * as mail from '../src/mail.ts'
import { openRelay, type Script } from './relay.ts'

const FROM = email('paper@news.example')
const LETTER = [Buffer.from('Subject: x\r\n\r\n'), Buffer.from(`${'QUJD'.repeat(19)}\r\n`.repeat(50))]

function open(port: number, milliseconds = 300, dot = milliseconds) {
  const relay = { name: 'relay', host: '127.0.0.1', port, secure: false, connections: 1, sign: true }
  const patience = { mail: milliseconds, rcpt: milliseconds, data: milliseconds, dot }
  return mail.connect(relay, 'news.example', new AbortController().signal, { patience })
}

function envelopeOf(nth: number): mail.Envelope {
  return { from: FROM, to: email(`reader-${nth}@example.org`) }
}

/** Letters one after another, each with the envelope of the next. */
async function submitted(script: Script, n: number, milliseconds?: number) {
  await using relay = await openRelay(script)
  const line = await open(relay.port, milliseconds)
  const answers: mail.Answer[] = []
  const next = (nth: number) => (nth + 1 < n ? envelopeOf(nth + 1) : undefined)
  for (let nth = 0; nth < n && line.open; nth++)
    answers.push(
      await line.submit(
        envelopeOf(nth),
        LETTER,
        async () => true,
        () => next(nth),
      ),
    )
  const usable = line.open
  await line.quit()
  return { answers, usable, received: relay.received.map(({ to }) => to), seen: relay.seen.length }
}

const kinds = (answers: mail.Answer[]) => answers.map(({ kind }) => kind)

describe('an envelope that goes with the letter before', () => {
  test('is waited for as long as an envelope may take, however long the letter before might have taken', async () => {
    await using relay = await openRelay({
      rcpt: (_, nth) => (nth === 1 ? '250 ok' : new Promise(() => {})),
      dot: () => new Promise((resolve) => setTimeout(resolve, 700, '250 2.0.0 queued')), // longer than an envelope may take
    })
    const line = await open(relay.port, 400, 60_000)
    expect((await line.submit(envelopeOf(0), LETTER, undefined, () => envelopeOf(1))).kind).toBe('accepted')
    await new Promise((resolve) => setTimeout(resolve, 150))
    const from = performance.now()
    expect(await line.submit(envelopeOf(1), LETTER)).toMatchObject({
      kind: 'unsent',
      reply: expect.stringMatching(/0\.4 s/),
    })
    const took = performance.now() - from
    expect(took).toBeGreaterThan(390) // from when it is asked for, not from when it was announced
    expect(took).toBeLessThan(5000)
  })

  test('is on its way before that letter is answered, and its own letter is the next', async () => {
    const heard: string[] = []
    let release = () => {}
    const held = new Promise<string>((resolve) => {
      release = () => resolve('250 2.0.0 queued')
    })
    const note = (word: string) => {
      heard.push(word)
      return '250 ok'
    }
    await using relay = await openRelay({
      mail: () => note('MAIL'),
      dot: ({ to }, nth) => {
        heard.push(`. ${to}`)
        return nth === 1 ? held : '250 2.0.0 queued'
      },
    })
    const line = await open(relay.port, 5000)
    let asked = 0
    const first = line.submit(envelopeOf(0), LETTER, undefined, () => {
      asked++
      return envelopeOf(1)
    })
    while (heard.length < 2) await new Promise((resolve) => setTimeout(resolve, 5))
    release()
    expect((await first).kind).toBe('accepted')
    while (heard.length < 3) await new Promise((resolve) => setTimeout(resolve, 5)) // before anybody submits it
    expect(heard).toEqual(['MAIL', '. reader-0@example.org', 'MAIL'])
    expect((await line.submit(envelopeOf(1), LETTER)).kind).toBe('accepted')
    await line.quit()
    expect({ asked, received: relay.received.map(({ to }) => to) }).toEqual({
      asked: 1,
      received: ['reader-0@example.org', 'reader-1@example.org'],
    })
  })

  test('takes a hundred letters over one line, each once', async () => {
    const { answers, received, usable } = await submitted({}, 100)
    expect(new Set(kinds(answers))).toEqual(new Set(['accepted']))
    expect(received).toEqual(Array.from({ length: 100 }, (_, nth) => `reader-${nth}@example.org`))
    expect(usable).toBe(true)
  })

  test.each<[string, Script, mail.Answer['kind'][]]>([
    [
      'refused at the dot',
      { dot: (_, nth) => (nth === 1 ? '550 5.7.1 no' : '250 ok') },
      ['refused', 'accepted', 'accepted'],
    ],
    [
      'deferred at the dot',
      { dot: (_, nth) => (nth === 1 ? '451 4.3.0 later' : '250 ok') },
      ['deferred', 'accepted', 'accepted'],
    ],
    [
      'refused at its reader',
      { rcpt: (_, nth) => (nth === 2 ? '550 5.1.1 nobody' : '250 ok') },
      ['accepted', 'refused', 'accepted'],
    ],
    [
      'deferred at DATA',
      { data: (nth) => (nth === 2 ? '451 4.3.0 later' : '354 go') },
      ['accepted', 'deferred', 'accepted'],
    ],
    ['the relay’s trouble at MAIL', { mail: once('421 4.7.0 enough') }, ['accepted', 'trouble']],
    ['the end at MAIL', { mail: once('drop') }, ['accepted', 'unsent']],
    ['the end of all at the first dot', { dot: () => 'drop' }, ['unknown']],
    ['trouble at the first dot', { dot: () => '421 4.3.2 closing' }, ['trouble']],
  ])('may be or come behind what is %s', async (_, script, expected) => {
    const { answers, received } = await submitted(script, 3)
    expect(kinds(answers)).toEqual(expected)
    expect(received).toHaveLength(expected.filter((kind) => kind === 'accepted').length)
  })

  test('is nothing that the relay could deliver: no letter leaves for it without its own leave', async () => {
    await using relay = await openRelay()
    const line = await open(relay.port)
    const first = await line.submit(envelopeOf(0), LETTER, undefined, () => envelopeOf(1))
    expect(first.kind).toBe('accepted')
    expect((await line.submit(envelopeOf(1), LETTER, async () => false)).kind).toBe('unsent')
    expect(line.open).toBe(false)
    const other = await open(relay.port)
    await other.submit(envelopeOf(2), LETTER, undefined, () => envelopeOf(3))
    await other.quit() // with an envelope that waits for its letter
    const third = await open(relay.port)
    await third.submit(envelopeOf(4), LETTER, undefined, () => envelopeOf(5))
    expect(await third.submit(envelopeOf(6), LETTER)).toMatchObject({ kind: 'unsent' }) // announced was another
    expect(third.open).toBe(false)
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(relay.seen.map(({ to }) => to)).toEqual([0, 2, 4].map((nth) => `reader-${nth}@example.org`))
  })

  test('does not go ahead where the relay takes one command at a time', async () => {
    await using relay = await openRelay({ ehlo: ['8BITMIME'] })
    const line = await open(relay.port)
    let asked = 0
    const following = () => {
      asked++
      return envelopeOf(1)
    }
    await line.submit(envelopeOf(0), LETTER, undefined, following)
    expect((await line.submit(envelopeOf(9), LETTER)).kind).toBe('accepted')
    await line.quit()
    expect(asked).toBe(0)
  })
})

test('whatever a relay says to three letters in a row, each is answered for itself, and only a 2xx after its dot takes it', async () => {
  const word = fc.oneof(
    { weight: 4, arbitrary: fc.constant('') }, // as any relay
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        '250 ok',
        '250-more',
        '354 go',
        '550 no',
        '450 no',
        '421 bye',
        'drop',
        '250 ok\r\n250 ok',
      ),
    },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', minLength: 1, maxLength: 12 }) },
  )
  const steps = fc.array(fc.record({ mail: word, rcpt: word, data: word, dot: word }), { minLength: 3, maxLength: 3 })
  await fc.assert(
    fc.asyncProperty(steps, async (said) => {
      let mails = 0
      const said1 = (nth: number) => said[nth - 1] ?? said[0]!
      const { answers, received, seen } = await submitted(
        {
          mail: () => said1(++mails).mail || '250 ok',
          rcpt: (_, nth) => said1(nth).rcpt || '250 ok',
          data: (nth) => said1(nth).data || '354 go',
          dot: (_, nth) => said1(nth).dot || '250 2.0.0 queued',
        },
        3,
        60,
      )
      const accepted = answers.flatMap(({ kind }, nth) => (kind === 'accepted' ? [envelopeOf(nth).to] : []))
      expect(received).toEqual(expect.arrayContaining(accepted))
      // What the relay has seen whole is never said to be unsent.
      expect(answers.filter(({ kind }) => kind !== 'unsent').length).toBeGreaterThanOrEqual(seen)
    }),
    { numRuns: 80 },
  )
}, 60_000)

/** Says so to the second letter. */
function once(words: string): () => string {
  let nth = 0
  return () => (++nth === 2 ? words : '250 ok')
}

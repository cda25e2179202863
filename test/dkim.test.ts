import { execFileSync } from 'node:child_process'
import { createPublicKey } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { instant } from '../db/instant.ts'
import * as deliveries from '../src/deliveries/index.ts'
import * as dkim from '../src/dkim/index.ts'
import { verified } from '../src/dkim/verification.ts'
import { edition, mailing } from './mailing.ts'
import { openRelay, type Received } from './relay.ts'
import { databases, openWorld, type World } from './world.ts'

const MORNING = '2026-11-23T05:00:00Z'
const python = ['python3', '/usr/bin/python3'].find(hasDkimpy)

describe.each(databases)('signed letters on %s', (kind) => {
  async function signing(url: string): Promise<{ world: World; key: dkim.DkimKey }> {
    const world = await openWorld(kind, MORNING, { NASHRA_SMTP: url })
    return { world, key: await dkim.add(world, 'cli', { domain: 'news.example' }) }
  }

  test('every letter of an edition, and a notice, bears a signature that its receiver verifies', async () => {
    await using relay = await openRelay()
    const { world, key } = await signing(relay.url)
    await using _ = world
    const list = await mailing(world, 30)
    await edition(world, list)
    const { subscriber_id, subscription_id } = list.readers[0]!
    const notice = { kind: 'confirm', subscriber_id, subscription_id, language: 'ar' } as const
    await deliveries.ask(world.db, notice, instant(world.now()))
    expect(await deliveries.sendUntilEmpty(world, { wait: 0 })).toMatchObject({ submitted: 31 })
    expect(relay.received.map((letter) => verified(bytes(letter), publicKey(key)))).toEqual(Array(31).fill(undefined))
    for (const { source } of relay.received) {
      expect(source.match(/^DKIM-Signature:/gm)).toHaveLength(1)
      expect(source.split('\r\n').every((line) => line.length <= 100 && !/[\r\n]/.test(line))).toBe(true)
    }
    if (python) expect(dkimpy(python, key, relay.received.map(bytes))).toEqual(Array(31).fill(true))
    else console.log('skipped: dkimpy (Debian: python3-dkim) is not here')
  })

  test('a letter that was changed on its way, or given one more field, does not verify', async () => {
    await using relay = await openRelay()
    const { world, key } = await signing(relay.url)
    await using _ = world
    await edition(world, await mailing(world, 1))
    await deliveries.sendUntilEmpty(world, { wait: 0 })
    const letter = bytes(relay.received[0]!).toString('latin1')
    const changed = [
      letter.replace(/^Subject: .*\r\n( .*\r\n)*/m, 'Subject: other\r\n'),
      letter.replace(/^List-Unsubscribe-Post: .*\r\n/m, ''),
      letter.replace(/^To: .*$/m, 'To: other@example.org'),
      `From: evil@evil.example\r\n${letter}`,
      `Subject: second\r\n${letter}`,
      `Reply-To: evil@evil.example\r\n${letter}`,
      letter.replace(/\r\n\r\n--nashra/, '\r\n\r\nx\r\n--nashra'),
      `${letter}more\r\n`,
      letter.replace(/^DKIM-Signature:.*\r\n(\t.*\r\n)*/m, ''),
    ]
    for (const one of changed) {
      expect(one).not.toBe(letter)
      expect(verified(Buffer.from(one, 'latin1'), publicKey(key))).toBeTypeOf('string')
    }
    const harmless = letter.replace(/^Subject: /m, 'SUBJECT:   ').replace(/\r\n /, '\r\n\t  ')
    expect(verified(Buffer.from(`Received: from here\r\n${harmless}\r\n`, 'latin1'), publicKey(key))).toBeUndefined()
    if (python)
      expect(
        dkimpy(
          python,
          key,
          changed.map((one) => Buffer.from(one, 'latin1')),
        ),
      ).not.toContain(true)
  })

  test('the next key signs from its hour on, and the old record stays to be shown', async () => {
    await using relay = await openRelay()
    const { world, key } = await signing(relay.url)
    await using _ = world
    const next = await dkim.rotate(world, 'cli', { domain: 'news.example', after: 3_600_000 })
    expect(next.selector).not.toBe(key.selector)
    const list = await mailing(world, 2)
    await edition(world, list)
    await deliveries.sendUntilEmpty(world, { wait: 0 })
    world.clock.advance({ hours: 1 })
    await edition(world, list, { day: '2026-11-24', to: 20 })
    await deliveries.sendUntilEmpty(world, { wait: 0 })
    expect(relay.received.map((letter) => /\bs=([^;]+);/.exec(letter.source)![1])).toEqual([
      ...[key.selector, key.selector],
      ...[next.selector, next.selector],
    ])
    expect(verified(bytes(relay.received[3]!), publicKey(next))).toBeUndefined()
    expect((await dkim.all(world.db)).map((one) => one.selector)).toEqual([next.selector, key.selector])
    await expect(dkim.add(world, 'cli', { domain: 'news.example' })).rejects.toMatchObject({ code: 'dkim-known' })
    await expect(dkim.rotate(world, 'cli', { domain: 'x.example' })).rejects.toMatchObject({ code: 'dkim-missing' })
  })

  test('a relay that signs by itself gets letters without a signature', async () => {
    await using relay = await openRelay()
    const { world } = await signing(`${relay.url}?sign=no`)
    await using _ = world
    await edition(world, await mailing(world, 1))
    await deliveries.sendUntilEmpty(world, { wait: 0 })
    expect(relay.received[0]!.source).not.toContain('DKIM-Signature')
  })

  test('a key that cannot be used stops sending with a reason, and no letter is sent or spent', async () => {
    await using relay = await openRelay()
    const { world } = await signing(relay.url)
    await using _ = world
    const { public_id } = await edition(world, await mailing(world, 3))
    const { private_key } = await world.db.selectFrom('dkim_key').select('private_key').executeTakeFirstOrThrow()
    const other = await dkim.rotate(world, 'cli', { domain: 'news.example' })
    await world.db.updateTable('dkim_key').set({ private_key }).where('id', '=', other.id).execute()
    await expect(deliveries.sendUntilEmpty(world, { wait: 0 })).rejects.toMatchObject({
      code: 'dkim-unusable',
      values: { domain: 'news.example', selector: other.selector },
    })
    const stop = new AbortController()
    const running = deliveries.run(world, stop.signal)
    while (deliveries.trouble(world)?.kind !== 'sender') await new Promise((resolve) => setTimeout(resolve, 10))
    stop.abort()
    await running
    expect(relay.lines).toBe(0)
    expect(await deliveries.verify(world.db, public_id)).toMatchObject({ waiting: 3, addsUp: true })
  })

  test('a public key that is not the private one’s is found out before the first letter', async () => {
    await using relay = await openRelay()
    const { world, key } = await signing(relay.url)
    await using _ = world
    const other = await dkim.add(world, 'cli', { domain: 'other.example' })
    await world.db.updateTable('dkim_key').set({ public_key: other.public_key }).where('id', '=', key.id).execute()
    await edition(world, await mailing(world, 1))
    await expect(deliveries.sendUntilEmpty(world, { wait: 0 })).rejects.toMatchObject({ code: 'dkim-unusable' })
  })

  test('on loopback a sender without a key goes unsigned; elsewhere nothing goes without one', async () => {
    await using relay = await openRelay()
    await using world = await openWorld(kind, MORNING, { NASHRA_SMTP: relay.url })
    const { public_id } = await edition(world, await mailing(world, 1))
    const [here] = world.config.relays
    Object.assign(world.config, { relays: [{ ...here, host: 'relay.example', name: 'relay.example:25' }] })
    await expect(deliveries.sendUntilEmpty(world, { wait: 0 })).rejects.toMatchObject({ code: 'dkim-missing' })
    expect(await deliveries.verify(world.db, public_id)).toMatchObject({ waiting: 1 })
    Object.assign(world.config, { relays: [here] })
    expect(await deliveries.sendUntilEmpty(world, { wait: 0 })).toMatchObject({ submitted: 1 })
    expect(relay.received[0]!.source).not.toContain('DKIM-Signature')
  })

  test('the private key is nowhere to be read, and the record is one that DNS takes', async () => {
    const { world, key } = await signing('smtp://127.0.0.1:9')
    await using _ = world
    const kept = JSON.stringify([key, await world.db.selectFrom('change').selectAll().execute(), world.logs])
    expect(kept).not.toContain('PRIVATE')
    const { name, text, zone } = dkim.record(key)
    expect(name).toBe('n202611._domainkey.news.example')
    const strings = [...zone.matchAll(/"([^"]*)"/g)].map(([, string]) => string!)
    expect(strings.every((string) => string.length <= 255)).toBe(true)
    expect(strings.join('')).toBe(text)
  })
})

function bytes({ source }: Received): Buffer {
  return Buffer.from(`${source}\r\n`, 'latin1')
}

function publicKey(key: dkim.DkimKey) {
  return createPublicKey({ key: Buffer.from(key.public_key, 'base64'), format: 'der', type: 'spki' })
}

const VERIFY = `
import base64, json, sys, dkim
asked = json.load(sys.stdin)
dns = lambda name, timeout=5: asked['text'].encode() if name.rstrip(b'.').decode() == asked['name'] else None
def verify(letter):
    try:
        return dkim.verify(base64.b64decode(letter), dnsfunc=dns)
    except Exception:
        return False
print(json.dumps([verify(letter) for letter in asked['letters']]))
`

/** What dkimpy says of letters, with a DNS that knows this one record. */
function dkimpy(program: string, key: dkim.DkimKey, letters: Buffer[]): boolean[] {
  const input = JSON.stringify({ ...dkim.record(key), letters: letters.map((letter) => letter.toString('base64')) })
  return JSON.parse(execFileSync(program, ['-c', VERIFY], { input, stdio: ['pipe', 'pipe', 'ignore'] }).toString())
}

function hasDkimpy(program: string): boolean {
  try {
    execFileSync(program, ['-c', 'import dkim'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

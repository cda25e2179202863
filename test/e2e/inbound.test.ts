import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { describe, expect, test } from 'vitest'
import * as deliveries from '../../src/deliveries/index.ts'
import * as subscribers from '../../src/subscribers/index.ts'
import { mailOf, openClient } from '../lmtp.ts'
import { edition, mailing } from '../mailing.ts'
import { openRelay } from '../relay.ts'
import { databases, openWorld, type World } from '../world.ts'

const several = databases.filter((kind) => kind !== 'pglite') // PGlite lives inside one process

describe.each(several)('mail that comes in to a running serve on %s', (kind) => {
  test('a letter goes out by SMTP, its bounce comes back by LMTP, and the reader is written to no more', {
    timeout: 60_000,
  }, async () => {
    await using relay = await openRelay()
    const port = await freePort()
    await using world = await openWorld(kind, new Date().toISOString(), {
      NASHRA_INBOUND: `lmtp://127.0.0.1:${port}`,
      NASHRA_SMTP: relay.url,
    })
    const list = await mailing(world, 3)
    await edition(world, list)
    await deliveries.sendUntilEmpty(world, { wait: 0 })
    const sent = relay.received.find((letter) => letter.to === list.readers[0]!.address)!
    expect(sent.from).toMatch(/^b\+[a-z2-7]{44}@news\.example$/)

    const serve = await start(world, port)
    try {
      using client = await openClient(port)
      const bounce = mailOf('postfix-unknown-user', { reader: sent.to })
      expect(await client.send(bounce, sent.from.toUpperCase())).toEqual([expect.stringMatching(/^250/)])
      expect(await client.send(bounce, sent.from.replace(/^b\+../, 'b+qq'))).toEqual([expect.stringMatching(/^550/)])
      const shown = await subscribers.show(world.db, sent.to)
      expect(shown.suppression?.reason).toBe('bounced 5.1.1')
      expect(shown.bounces).toMatchObject([{ kind: 'hard', status: '5.1.1', via: 'mail' }])
      expect(shown.deliveries).toMatchObject([{ state: 'submitted', reply: '250 2.0.0 queued' }])
      await edition(world, list, { day: '2099-11-24', to: 20 })
      while (relay.received.length < 5) await new Promise((resolve) => setTimeout(resolve, 50))
      expect(relay.received.filter((letter) => letter.to === sent.to)).toHaveLength(1)
    } finally {
      serve.kill('SIGTERM')
    }
    const [code] = await once(serve, 'close')
    expect(code).toBe(0)
    const said = { en: 'the mailbox does not exist', ar: 'صندوق البريد غير موجود', tr: 'posta kutusu yok' }
    for (const [language, words] of Object.entries(said)) {
      expect(typed(world, language, 'suppression', 'list')).toMatch(new RegExp(`reason=bounced 5.1.1 .*says=${words}`))
      expect(typed(world, language, 'subscriber', 'show', sent.to)).toMatch(new RegExp(`kind=hard .*says=${words}`))
      expect(JSON.parse(typed(world, language, 'suppression', 'list', '--json'))).toMatchObject([{ actor: 'bounce' }])
    }
  })
})

/** What a command prints to somebody who reads this language. */
function typed(world: World, language: string, ...words: string[]): string {
  const { data, database } = world.config
  const env = { PATH: process.env['PATH'], NASHRA_DATA: data, NASHRA_DATABASE: database, LANG: `${language}.UTF-8` }
  return execFileSync(process.execPath, ['src/main.ts', ...words], { env, encoding: 'utf8' })
}

async function start(world: World, port: number): Promise<ChildProcess> {
  const serve = spawn(process.execPath, ['src/main.ts', 'serve', '--only', 'work'], {
    env: {
      ...{ PATH: process.env['PATH'], NASHRA_DATA: world.config.data, NASHRA_DATABASE: world.config.database },
      ...{ NASHRA_FROM: 'نشرة <paper@news.example>', NASHRA_URL: 'https://news.example', NASHRA_LOG: 'error' },
      NASHRA_SMTP: `smtp://127.0.0.1:${world.config.relays[0]!.port}`,
      NASHRA_INBOUND: `lmtp://127.0.0.1:${port}`,
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  for (;;) {
    if (serve.exitCode !== null) throw new Error(`serve ended with ${serve.exitCode}`)
    const client = await openClient(port)
    const answer = await client.say('NOOP')
    client.close()
    if (answer.startsWith('250')) return serve
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

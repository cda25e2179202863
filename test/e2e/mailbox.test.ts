import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { email } from '../../src/address.ts'
import { envelope } from '../../src/bounces/envelope.ts'
import { hasDovecot, openDovecot } from '../dovecot.ts'
import { mailOf } from '../lmtp.ts'
import { edition, mailing } from '../mailing.ts'
import { startProgram } from '../program.ts'
import { databases, openWorld } from '../world.ts'

const N = 200
const KILLS = 2 // whoever follows waits for the next minute
const several = databases.filter((kind) => kind !== 'pglite') // PGlite lives inside one process

describe.skipIf(!hasDovecot).each(several)('serve reading a mailbox on %s', (kind) => {
  test('killed over and over it loses no bounce and counts none twice', { timeout: 400_000 }, async () => {
    await using dovecot = await openDovecot()
    const inbound = { NASHRA_INBOUND: dovecot.url() }
    await using world = await openWorld(kind, new Date().toISOString(), inbound)
    const list = await mailing(world, N)
    const { id: edition_id } = await edition(world, list)
    for (const { subscriber_id, address, public_id } of list.readers) {
      const to = envelope(world, { edition_id, subscriber_id }, email('paper@news.example'))
      dovecot.deliver(`X-Original-To: ${to}\r\n${mailOf('postfix-loop', { reader: address, id: public_id })}`)
    }
    const left = () => dovecot.count()
    for (let kill = 0; kill <= KILLS && left() > 0; kill++) {
      const target = kill === KILLS ? 0 : left() - 20 - Math.floor(Math.random() * 30)
      const serve = startProgram(world, ['serve', '--only', 'work'], inbound)
      while (left() > target && serve.process.exitCode === null) await sleep(5)
      await sleep(Math.random() * 40)
      serve.process.kill(kill === KILLS ? 'SIGTERM' : 'SIGKILL')
      await serve.ended
    }
    expect(left()).toBe(0)
    expect(dovecot.count('Nashra')).toBe(N)
    const rows = await world.db.selectFrom('bounce').select('subscriber_id').execute()
    expect(rows).toHaveLength(N)
    expect(new Set(rows.map((row) => row.subscriber_id)).size).toBe(N)
  })
})

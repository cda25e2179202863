import { join } from 'node:path'
import { expect, test } from 'vitest'
import * as deliveries from '../src/deliveries/index.ts'
import { openOutbox } from '../src/outbox.ts'
import { outboxPages } from '../src/web/outbox.ts'
import { handler } from '../src/web/server.ts'
import { edition, mailing } from './mailing.ts'
import { openWorld } from './world.ts'

test('a caught letter is a document of its own, without scripts, in a frame of the page that shows it', async () => {
  await using world = await openWorld('sqlite', '2026-11-23T05:00:00Z')
  const outbox = await openOutbox(join(world.config.data, 'outbox'))
  try {
    const port = Number(new URL(outbox.relay).port)
    const relay = { name: `127.0.0.1:${port}`, host: '127.0.0.1', port, secure: false, connections: 1, sign: true }
    Object.assign(world.config, { relays: [relay] })
    await edition(world, await mailing(world, 1))
    expect(await deliveries.sendUntilEmpty(world, { wait: 0 })).toMatchObject({ submitted: 1 })
    const web = handler(world, { extra: outboxPages(world, outbox, 'secret') })
    const policy = async (path: string) => {
      const page = await web.request(`/admin/outbox/secret${path}`)
      expect([path, page.status, page.headers.get('cache-control')]).toEqual([path, 200, 'no-store, private'])
      return page.headers.get('content-security-policy')
    }
    const { id } = outbox.caught()[0]!
    await policy('')
    expect(await policy(`/${id}`)).toContain("frame-src 'self'")
    const letter = await policy(`/${id}/html`)
    expect(letter).toMatch(/sandbox allow-popups/)
    expect(letter).toContain("frame-ancestors 'self'")
    expect(letter).not.toContain('script-src')
  } finally {
    await outbox.close()
  }
})

import { expect, test } from 'vitest'
import * as deliveries from '../src/deliveries/index.ts'
import { sign } from '../src/keys.ts'
import * as links from '../src/links.ts'
import { handler } from '../src/web/server.ts'
import { edition, mailing } from './mailing.ts'
import { openRelay } from './relay.ts'
import { openWorld } from './world.ts'

const MORNING = '2026-11-23T05:00:00Z'

test('whoever has the address sees live counters until the edition is done', async () => {
  await using relay = await openRelay({ dot: () => new Promise((done) => setTimeout(done, 10, '250 ok')) })
  await using world = await openWorld('sqlite', MORNING, { NASHRA_SMTP: `${relay.url}?connections=2` })
  const made = await edition(world, await mailing(world, 300))
  const url = links.progress('', made, sign(world.keys, 'watch', made.id))
  const answer = await handler(world).request(url)
  expect(answer.headers.get('content-type')).toContain('text/event-stream')
  expect(answer.headers.get('cache-control')).toContain('no-store')
  const told = answer.text()
  await deliveries.sendUntilEmpty(world, { wait: 0 })
  const reports = (await told)
    .split('\n')
    .filter((line) => line.startsWith('data: '))
    .map((line) => JSON.parse(line.slice(6)))
  expect(reports[0]).toMatchObject({ recipients: 300, state: 'frozen' })
  expect(reports.at(-1)).toMatchObject({ recipients: 300, submitted: 300, waiting: 0, state: 'done' })
  expect(reports.some(({ rate, seconds }) => rate > 0 && seconds !== null)).toBe(true)
  expect(JSON.stringify(reports)).not.toContain('@')
})

test('without its token there is no such page', async () => {
  await using world = await openWorld('sqlite', MORNING)
  const made = await edition(world, await mailing(world, 1))
  const web = handler(world)
  for (const token of ['', 'x', sign(world.keys, 'watch', made.id + 1), sign(world.keys, 'unsubscribe', made.id)])
    expect((await web.request(links.progress('', made, token))).status).toBe(404)
  expect((await web.request(links.progress('', { public_id: 'zzzzzzzzzzz' }, 'x'))).status).toBe(404)
})

test('at most twenty watch at once', async () => {
  await using world = await openWorld('sqlite', MORNING)
  const made = await edition(world, await mailing(world, 1))
  const web = handler(world)
  const url = links.progress('', made, sign(world.keys, 'watch', made.id))
  const open = await Promise.all(Array.from({ length: 20 }, () => web.request(url)))
  expect((await web.request(url)).status).toBe(429)
  for (const answer of open) await answer.body!.cancel()
  await expect.poll(async () => (await web.request(url)).status, { timeout: 5000 }).toBe(200)
})

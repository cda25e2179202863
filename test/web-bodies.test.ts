import { request } from 'node:http'
import { describe, expect, test } from 'vitest'
import * as keys from '../src/keys.ts'
import * as subscribers from '../src/subscribers/index.ts'
import { openServer } from '../src/web/server.ts'
import { databases, openWorld, type World } from './world.ts'

/** Over a real socket: what a mail provider or a proxy in between may send, with and without a length. */
describe.each(databases)('a form without a length on %s', (kind) => {
  test('a one-click unsubscription in chunks is honoured', async () => {
    await using world = await openWorld(kind, '2026-11-23T09:00:00Z', { NASHRA_PORT: '0' })
    const id = await reader(world)
    const server = await openServer(world)
    const path = `/unsubscribe/${keys.sign(world.keys, 'unsubscribe', id)}`
    expect(await post(server.port, path, 'List-Unsubscribe=One-Click')).toBe(200)
    await server.close()
    expect(await world.db.selectFrom('subscription').select('state').execute()).toEqual([{ state: 'left' }])
  })

  test('strange methods and tokens are refused, not broken', async () => {
    await using world = await openWorld(kind, '2026-11-23T09:00:00Z', { NASHRA_PORT: '0' })
    const server = await openServer(world)
    expect(await post(server.port, `/unsubscribe/${'x'.repeat(30)}`, '')).toBe(404)
    expect(await post(server.port, `/confirm/${'x'.repeat(30)}`, '')).toBe(404)
    expect(await post(server.port, '/subscribe', 'email=a')).toBe(422)
    expect(await post(server.port, '/subscribe', 'x'.repeat(100_000))).toBe(413)
    expect((await fetch(`${server.url}/subscribe?list=%00`)).status).toBe(404)
    for (const method of ['PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
      expect(await post(server.port, '/subscribe', 'x', method)).toBeLessThan(500)
    }
    await server.close()
    expect(world.logs.filter((line) => line.level === 'error')).toEqual([])
  })
})

async function reader(world: World): Promise<number> {
  const { Readable } = await import('node:stream')
  await subscribers.addList(world, 'cli', { slug: 'daily', title: 'نشرة' })
  await subscribers.importCsv(world, 'cli', Readable.from(['email\na@example.org\n']), { list: 'daily' })
  return (await world.db.selectFrom('subscription').select('id').executeTakeFirstOrThrow()).id
}

function post(port: number, path: string, body: string, method = 'POST'): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded', 'Transfer-Encoding': 'chunked' }
    const asking = request({ port, host: '127.0.0.1', path, method, headers }, (answer) => {
      answer.resume()
      answer.once('end', () => resolve(answer.statusCode!))
    })
    asking.once('error', reject)
    if (body) asking.write(body)
    asking.end()
  })
}

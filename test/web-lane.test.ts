import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openFeeds } from '../src/web/feeds.ts'
import { openLane } from '../src/web/lane.ts'
import { openServer } from '../src/web/server.ts'
import { publishAll } from './feed-server.ts'
import { openWorld, type World } from './world.ts'

/*
 * The lane answers what it can without node's parser. Whatever bytes come, a client must not be able to tell: each of these
 * asks the same server with and without a lane.
 */

let world: World
let ports: { plain: number; lane: number }
let tag: string
const closers: (() => Promise<void>)[] = []

beforeAll(async () => {
  world = await openWorld('sqlite', '2026-11-23T04:10:00Z')
  await publishAll(world, [{ guid: 'one' }, { guid: 'two', body_html: `<p>${'طويل '.repeat(20_000)}</p>` }])
  ports = { plain: await listen(false), lane: await listen(true) }
  const first = await say(ports.plain, [head()])
  tag = /^ETag: (.*)$/m.exec(first)![1]!.trim()
})

afterAll(async () => {
  for (const close of closers) await close()
  await world?.[Symbol.asyncDispose]()
})

async function listen(withLane: boolean): Promise<number> {
  const feeds = openFeeds(world)
  const server = createServer((request, response) => {
    if (!feeds.handle(request, response)) response.writeHead(418).end('not a feed')
  })
  const lane = withLane ? openLane(server, feeds.reply) : undefined
  closers.push(async () => {
    lane?.close()
    server.close()
    server.closeAllConnections()
    await feeds.close()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

function head(path = '/feeds/all.rss', more: string[] = [], version = 'HTTP/1.1', method = 'GET'): string {
  return [`${method} ${path} ${version}`, 'Host: news.example', ...more, '', ''].join('\r\n')
}

/** Sends the chunks one after another, answers all that comes back, without what tells the time. */
async function say(port: number, chunks: string[]): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  const received: Buffer[] = []
  socket.on('data', (chunk: Buffer) => received.push(chunk))
  socket.on('error', () => {})
  await once(socket, 'connect')
  for (const chunk of chunks) {
    socket.write(chunk, 'latin1')
    await new Promise((resolve) => setTimeout(resolve, chunks.length > 1 ? 15 : 0))
  }
  await quiet(socket, received)
  socket.destroy()
  return Buffer.concat(received)
    .toString('latin1')
    .replace(/^Date: .*\r\n/gm, '')
}

/** Until the other side ends, or has been silent for a moment after its answer. */
async function quiet(socket: Socket, received: Buffer[]): Promise<void> {
  let seen = -1
  for (let rounds = 0; rounds < 40 && !socket.readableEnded && !socket.destroyed; rounds++) {
    if (received.length > 0 && received.length === seen) return
    seen = received.length
    await new Promise((resolve) => setTimeout(resolve, 12))
  }
}

async function same(chunks: string[]): Promise<string> {
  const [plain, lane] = await Promise.all([say(ports.plain, chunks), say(ports.lane, chunks)])
  expect(lane).toBe(plain)
  return lane
}

test.each<[string, () => string[]]>([
  ['the whole document', () => [head()]],
  ['a compressed one', () => [head('/feeds/all.rss', ['Accept-Encoding: br;q=0.5, gzip'])]],
  ['what the client has', () => [head('/feeds/all.rss', [`If-None-Match: W/"x", ${tag}`])]],
  ['what has not changed since', () => [head('/feeds/all.rss', ['If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT'])]],
  ['two on one connection', () => [head(), head('/feeds/all.json')]],
  [
    'a large one after a small one',
    () => [head('/feeds/all.atom', ['Accept-Encoding: gzip']), head('/feeds/all.atom')],
  ],
  ['two in one breath', () => [head() + head('/feeds/all.atom')]],
  ['a head in two pieces', () => [head().slice(0, 30), head().slice(30)]],
  ['one feed, then a page, then a feed', () => [head(), head('/'), head()]],
  ['a feed that is not there', () => [head('/feeds/nothing.rss')]],
  ['HEAD', () => [head('/feeds/all.rss', [], 'HTTP/1.1', 'HEAD')]],
  ['HTTP/1.0', () => [head('/feeds/all.rss', [], 'HTTP/1.0')]],
  ['a goodbye', () => [head('/feeds/all.rss', ['Connection: close'])]],
  ['no Host', () => ['GET /feeds/all.rss HTTP/1.1\r\n\r\n']],
  ['two Hosts', () => [head('/feeds/all.rss', ['Host: other.example'])]],
  ['a body', () => [`${head('/feeds/all.rss', ['Content-Length: 5'])}12345${head()}`]],
  ['a body in chunks', () => [`${head('/feeds/all.rss', ['Transfer-Encoding: chunked'])}0\r\n\r\n${head()}`]],
  ['both lengths at once', () => [head('/feeds/all.rss', ['Content-Length: 5', 'Transfer-Encoding: chunked'])]],
  ['a space before the colon', () => [head('/feeds/all.rss', ['Content-Length : 5'])]],
  ['bare line feeds', () => [head().replaceAll('\r\n', '\n')]],
  ['a folded header', () => [head('/feeds/all.rss', ['X: a', ' b'])]],
  ['an absolute address', () => [head('http://news.example/feeds/all.rss')]],
  ['a query', () => [head('/feeds/all.rss?utm=1')]],
  ['nonsense', () => ['\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03']],
  ['a head beyond all measure', () => [head('/feeds/all.rss', [`X: ${'a'.repeat(20_000)}`])]],
])('%s: the same bytes with and without a lane', async (_, chunks) => {
  expect(await same(chunks())).toMatch(/^HTTP\/1\.1 \d{3} /)
})

test('whatever a client says, it cannot tell the lane from the ordinary way', async () => {
  const header = fc.oneof(
    fc.constantFrom(
      'Accept-Encoding: gzip',
      'Accept-Encoding: br',
      'Connection: keep-alive',
      'Accept: */*',
      'TE: trailers',
    ),
    fc.constantFrom(
      'If-None-Match: *',
      'If-None-Match: "x"',
      'If-Modified-Since: yesterday',
      'User-Agent: a',
      'Cookie: b=c',
    ),
    fc.string({ unit: 'binary', maxLength: 12 }).map((text) => `X-${text}`),
    fc.tuple(fc.string({ maxLength: 6 }), fc.string({ maxLength: 10 })).map(([name, value]) => `${name}:${value}`),
  )
  const path = fc.oneof(
    fc.constantFrom('/feeds/all.rss', '/feeds/all.json', '/feeds/all.rss?a=%00', '/feeds//all.rss', '/feeds/ALL.rss'),
    fc.string({ maxLength: 12 }).map((text) => `/feeds/${text}`),
  )
  await fc.assert(
    fc.asyncProperty(path, fc.array(header, { maxLength: 4 }), async (where, headers) => {
      await same([head(where, headers)])
    }),
    { numRuns: 60 },
  )
}, 120_000)

test('a poll does not reach the ordinary way, and what is not one does', async () => {
  const reached: string[] = []
  const feeds = openFeeds(world)
  const server = createServer((request, response) => {
    reached.push(request.url!)
    if (!feeds.handle(request, response)) response.writeHead(418).end()
  })
  const lane = openLane(server, feeds.reply)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await say(port, [head()]) // the first one builds the document
  await say(port, [head('/feeds/all.rss', ['User-Agent: reader', 'Accept-Encoding: gzip'])])
  await say(port, [head('/')])
  expect(reached).toEqual(['/feeds/all.rss', '/'])
  lane.close()
  await feeds.close()
  server.close()
  server.closeAllConnections()
})

test('a change is seen on a connection that stays', async () => {
  const socket = connect(ports.lane, '127.0.0.1')
  await once(socket, 'connect')
  const ask = async (): Promise<string> => {
    socket.write(head('/feeds/all.json', ['Accept-Encoding: gzip']))
    const [chunk] = (await once(socket, 'data')) as [Buffer]
    return /ETag: (\S+)/.exec(chunk.toString('latin1'))![1]!
  }
  const before = await ask()
  expect(await ask()).toBe(before)
  await publishAll(world, [{ guid: 'three' }])
  expect(await ask()).not.toBe(before)
  socket.destroy()
})

test('a server that closes does not wait for connections that say nothing', { timeout: 20_000 }, async () => {
  const app = { ...world, config: { ...world.config, port: 0 } }
  const server = await openServer(app)
  const silent = Array.from({ length: 20 }, () =>
    connect({ port: server.port, host: '127.0.0.1', allowHalfOpen: true }),
  )
  await Promise.all(silent.map((socket) => once(socket, 'connect')))
  for (const socket of silent) socket.on('error', () => {}).resume()
  await new Promise((resolve) => setTimeout(resolve, 50))
  const from = performance.now()
  await server.close()
  expect(performance.now() - from).toBeLessThan(5000)
})

test('a path with a line end in it is not there, and nothing is broken by it', async () => {
  const app = { ...world, config: { ...world.config, port: 0 } }
  const server = await openServer(app)
  for (const path of ['/x%0d%0aSet-Cookie:a=b/', '/a%00/', '/feed/%0d%0aX-A:1/', '//evil.example/']) {
    const answer = await say(server.port, [head(path, ['Connection: close'])])
    expect([path, answer.split(' ')[1]]).toEqual([path, expect.stringMatching(/^(404|301)$/)])
    expect(answer).not.toMatch(/^(Set-Cookie|X-A|Location: (https?:)?\/\/(?!news\.example))/im)
  }
  await server.close()
})

test('a server that closes ends the connections of the lane', async () => {
  const feeds = openFeeds(world)
  const server = createServer((request, response) => void feeds.handle(request, response))
  const lane = openLane(server, feeds.reply)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const idle = connect((server.address() as AddressInfo).port, '127.0.0.1')
  await once(idle, 'connect')
  idle.resume()
  idle.write(head())
  await once(idle, 'data')
  const ended = once(idle, 'end')
  server.close()
  lane.close()
  await ended
  await feeds.close()
})

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { gzipSync } from 'node:zlib'
import { feedOf } from './feed-of.ts'

/** How the sites of a mixed company behave, and how many of three hundred do. */
const MOODS = {
  plain: 130, // with an ETag, and 304
  slow: 30, // two seconds
  missing: 10, // 404
  broken: 10, // 500
  busy: 20, // 429 with Retry-After
  moved: 30, // 301
  hanging: 6, // no answer
  dripping: 4, // a byte a second
  cut: 10, // less than its Content-Length
  garbage: 15, // no XML at all
  page: 15, // HTML
  big: 8, // three megabytes
  bomb: 6, // 200 MB behind gzip
  many: 6, // two thousand stories
} as const
export type Mood = keyof typeof MOODS

/** What the sites have seen: the most connections at once, of all and of one host, and the requests of each site. */
export type Seen = { open: number; most: number; mostOfOne: number; asked: Record<string, number> }

export type Sites = {
  list: { mood: Mood; place: string; url: string }[]
  seen(): Promise<Seen>
  close(): Promise<void>
}

/** Opens sites on ports of 127.0.0.1, in a thread of their own so that they slow nobody down; `share` of the three hundred. */
export async function openMixedSites(share = 1): Promise<Sites> {
  const worker = new Worker(new URL(import.meta.url), { workerData: { share } })
  const list = await new Promise<Sites['list']>((resolve, reject) =>
    worker.once('message', resolve).once('error', reject),
  )
  return {
    list,
    seen: () =>
      new Promise((resolve) => {
        worker.once('message', resolve)
        worker.postMessage('seen')
      }),
    close: async () => void (await worker.terminate()),
  }
}

if (!isMainThread && workerData?.share) await serve(workerData.share)

async function serve(share: number): Promise<void> {
  const seen: Seen = { open: 0, most: 0, mostOfOne: 0, asked: {} }
  const bodies = bodiesOf()
  const moods = Object.entries(MOODS).flatMap(([mood, n]) =>
    Array.from({ length: Math.ceil(n * share) }, () => mood as Mood),
  )
  const list = []
  for (const mood of moods) {
    const sockets = new Set<Socket>()
    const server = createServer((request, response) => {
      seen.asked[place] = (seen.asked[place] ?? 0) + 1
      response.on('error', () => {})
      answer(mood, request, response, bodies)
    })
    server.on('connection', (socket) => {
      sockets.add(socket)
      seen.most = Math.max(seen.most, ++seen.open)
      seen.mostOfOne = Math.max(seen.mostOfOne, sockets.size)
      socket
        .on('error', () => {})
        .on('close', () => {
          seen.open--
          sockets.delete(socket)
        })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const place = `127.0.0.1:${(server.address() as AddressInfo).port}`
    list.push({ mood, place, url: `http://${place}/feed.xml` })
  }
  parentPort!.on('message', () => parentPort!.postMessage(seen))
  parentPort!.postMessage(shuffled(list))
}

function bodiesOf() {
  const story = 'قالت إدارة الميناء في بيان اليوم إن السفن ستعود إلى الأرصفة حين تهدأ الريح. '.repeat(30)
  const dated = (n: number) =>
    Array.from({ length: n }, (_, index) => ({
      guid: `s${index}`,
      title: `${story.slice(0, 60)} ${index}`,
      at: new Date(Date.now() - index * 900_000).toISOString(),
    }))
  return {
    plain: Buffer.from(feedOf(dated(30))),
    big: Buffer.from(feedOf(dated(500)).replaceAll('نص الخبر', story)),
    many: Buffer.from(feedOf(dated(2000))),
    bomb: gzipSync(Buffer.alloc(200_000_000, 'x')),
    garbage: Buffer.from('\0\u0001 these are no stories <<<>>> &&& ]]>'.repeat(2000)),
  }
}

function answer(
  mood: Mood,
  request: IncomingMessage,
  response: ServerResponse,
  bodies: ReturnType<typeof bodiesOf>,
): void {
  const feed = (body: Buffer) =>
    response.writeHead(200, { 'Content-Type': 'application/rss+xml', ETag: '"1"' }).end(body)
  const answers: Record<Mood, () => unknown> = {
    plain: () => (request.headers['if-none-match'] === '"1"' ? response.writeHead(304).end() : feed(bodies.plain)),
    slow: () => setTimeout(() => feed(bodies.plain), 2000),
    missing: () => response.writeHead(404).end(),
    broken: () => response.writeHead(500).end('oops'),
    busy: () => response.writeHead(429, { 'Retry-After': '600' }).end(),
    moved: () =>
      request.url === '/new.xml' ? feed(bodies.plain) : response.writeHead(301, { Location: '/new.xml' }).end(),
    hanging: () => {},
    dripping: () => {
      response.writeHead(200)
      const timer = setInterval(() => response.write('<'), 1000)
      response.on('close', () => clearInterval(timer))
    },
    cut: () => {
      response.writeHead(200, { 'Content-Length': bodies.plain.length }).write(bodies.plain.subarray(0, 1000))
      setTimeout(() => response.destroy(), 50)
    },
    garbage: () => feed(bodies.garbage),
    page: () => response.writeHead(200, { 'Content-Type': 'text/html' }).end('<!doctype html><title>Home</title>'),
    big: () => feed(bodies.big),
    bomb: () => response.writeHead(200, { 'Content-Encoding': 'gzip' }).end(bodies.bomb),
    many: () => feed(bodies.many),
  }
  answers[mood]()
}

/** The same order each time, with all moods spread over it. */
function shuffled<One>(list: One[]): One[] {
  let seed = 7
  const keyed = list.map((one) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
    return { one, key: seed }
  })
  return keyed.sort((a, b) => a.key - b.key).map(({ one }) => one)
}

import { createServer, type IncomingHttpHeaders, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Instant } from '../db/instant.ts'
import type { App } from '../src/app.ts'
import { type Draft, publish } from '../src/articles/index.ts'
import { formats } from '../src/syndication/index.ts'
import { openFeeds } from '../src/web/feeds.ts'
import { openLane } from '../src/web/lane.ts'
import { at } from './feed-input.ts'

export type Answer = { status: number; headers: IncomingHttpHeaders; body: Buffer }

/** The feeds behind a bare server on a free port of 127.0.0.1, with the lane or without; what is not theirs is answered with 418. */
export async function serveFeeds(app: App, way: 'lane' | 'parser' = 'parser') {
  const feeds = openFeeds(app)
  const server = createServer((incoming, outgoing) => {
    if (!feeds.handle(incoming, outgoing)) outgoing.writeHead(418).end()
  })
  const lane = way === 'lane' ? openLane(server, feeds.reply) : undefined
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const opened = {
    url: `http://127.0.0.1:${port}`,
    /** Asks as a client without opinions would: only the headers given, nothing decoded. */
    ask(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
      return new Promise((resolve, reject) => {
        const outgoing = request({ host: '127.0.0.1', port, path, method, headers }, (incoming) => {
          const chunks: Buffer[] = []
          incoming.on('data', (chunk) => chunks.push(chunk))
          incoming.on('error', reject) // cut off before its end
          incoming.on('end', () =>
            resolve({ status: incoming.statusCode!, headers: incoming.headers, body: Buffer.concat(chunks) }),
          )
        })
        outgoing.on('error', reject).end()
      })
    },
    async [Symbol.asyncDispose]() {
      lane?.close()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await feeds.close()
    },
  }
  // A connection leaves the lane with the first request that it has no bytes for: here it has them from the beginning.
  if (way === 'lane') for (const format of formats) await opened.ask(`/feeds/all.${format}`, { Connection: 'close' })
  return opened
}

/** Publishes articles as the command line would; each needs a guid only. */
export async function publishAll(app: App, drafts: (Partial<Draft> & { guid: string })[]): Promise<void> {
  const rest = (guid: string): Draft => ({
    guid,
    title: `خبر ${guid}`,
    body_html: `<p>نص ${guid}</p>`,
    language: 'ar',
    published_at: at('2026-11-20T08:00:00Z') as Instant,
  })
  await publish(
    app,
    'cli',
    drafts.map((draft) => ({ ...rest(draft.guid), ...draft })),
  )
}

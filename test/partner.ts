import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

/** A stranger's web site on 127.0.0.1: what it was asked, and `place` as NASHRA_FETCH_ALLOW wants it. */
export type Partner = {
  readonly url: string
  readonly place: string
  readonly asked: Pick<IncomingMessage, 'url' | 'method' | 'headers'>[]
  [Symbol.asyncDispose](): Promise<void>
}

export async function openPartner(answer: RequestListener): Promise<Partner> {
  const asked: IncomingMessage[] = []
  const sockets = new Set<Socket>()
  const server = createServer((request, response) => {
    asked.push(request)
    answer(request, response)
  })
  server.on('connection', (socket) => sockets.add(socket.on('error', () => {})))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const place = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    place,
    url: `http://${place}`,
    asked,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

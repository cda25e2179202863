import type { Server } from 'node:http'
import type { Socket } from 'node:net'

/** A request as simple as those of feed readers: GET, HTTP/1.1, one Host, no body, each header that we look at once. */
export type Simple = { path: string; headers: Readonly<Record<string, string>> }

/** The whole answer as bytes, in one piece or several; undefined if this request needs the ordinary way. */
export type Reply = (request: Simple, socket: Socket) => Buffer | Buffer[] | undefined

/** The connections that have only ever sent simple requests. */
export type Lane = {
  /** Ends them; an answer under way still goes out. */
  close(): void
  /** Cuts those that have not ended by themselves. */
  cut(): void
}

const LONGEST = 4096 // bytes of a head; longer ones are not those of feed readers
const MOST = 1000 // heads remembered: readers send the same bytes again and again
const IDLE = 6000 // ms; a second more than we say in Keep-Alive, so that no request crosses our goodbye
const STALLED = 60_000 // ms more for a client that takes nothing of its answer
const FIRST = 15_000 // ms until the first byte

const HEAD = /^GET (\/[!-~]*) HTTP\/1\.1\r\n((?:[A-Za-z0-9-]+:[\t -~\x80-\xff]*\r\n)+)\r\n$/
const LINE = /([A-Za-z0-9-]+):[\t ]*([^\r]*?)[\t ]*\r\n/g
const FOREIGN = ['content-length', 'transfer-encoding', 'expect', 'upgrade', 'trailer', 'range', 'te']

/**
 * A lane beside node's HTTP parser for requests that it would make more of than there is: half of what a poll costs is
 * the parser's, the request's and the response's objects.
 *
 * A connection stays here as long as each chunk it sends is one whole, strictly formed head (RFC 9112) that `reply` has bytes
 * for; with the first that is not, the connection goes to the server with those bytes, for good. So nothing is ever read
 * in two ways.
 */
export function openLane(server: Server, reply: Reply): Lane {
  const ordinary = server.listeners('connection') as ((socket: Socket) => void)[]
  const sockets = new Set<Socket>()
  server.removeAllListeners('connection')
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.setTimeout(FIRST)
    const listeners = { data, end, timeout, error, close }
    for (const [event, listener] of Object.entries(listeners)) socket.on(event, listener)
    let answered = false
    let stalled = false
    function data(chunk: Buffer): void {
      const request = chunk.length <= LONGEST ? read(chunk.toString('latin1')) : undefined
      const answer = request && reply(request, socket)
      if (!answer) {
        leave(chunk)
        return
      }
      if (!answered || stalled) socket.setTimeout(IDLE)
      answered = true
      stalled = false
      if (!send(socket, answer)) {
        socket.pause()
        socket.once('drain', () => socket.resume())
      }
    }
    function end(): void {
      socket.end()
    }
    function timeout(): void {
      if (socket.writableLength === 0 || stalled) {
        socket.destroy()
        return
      }
      stalled = true
      socket.setTimeout(STALLED)
    }
    function error(): void {} // the other side is gone: there is nobody to tell
    function close(): void {
      sockets.delete(socket)
    }
    function leave(chunk: Buffer): void {
      sockets.delete(socket)
      socket.setTimeout(0)
      for (const [event, listener] of Object.entries(listeners)) socket.off(event, listener)
      for (const listener of ordinary) listener.call(server, socket)
      socket.emit('data', chunk)
    }
  })
  return {
    close() {
      for (const socket of sockets) socket.end()
    },
    cut() {
      for (const socket of sockets) socket.destroy()
    },
  }
}

function send(socket: Socket, answer: Buffer | Buffer[]): boolean {
  if (!Array.isArray(answer)) return socket.write(answer)
  socket.cork()
  const room = answer.map((piece) => socket.write(piece)).every(Boolean)
  socket.uncork()
  return room
}

const heads = new Map<string, Simple | null>()

function read(head: string): Simple | undefined {
  let request = heads.get(head)
  if (request === undefined) {
    request = parsed(head) ?? null
    if (heads.size >= MOST) heads.clear()
    heads.set(head, request)
  }
  return request ?? undefined
}

function parsed(head: string): Simple | undefined {
  const [, path, lines] = HEAD.exec(head) ?? []
  if (!path || !lines) return undefined
  const headers: Record<string, string> = Object.create(null)
  for (const [, name, value] of lines.matchAll(LINE)) {
    const key = name!.toLowerCase()
    if (key in headers || FOREIGN.includes(key)) return undefined
    headers[key] = value!
  }
  if (!headers['host'] || !/^(keep-alive)?$/i.test(headers['connection'] ?? '')) return undefined
  return { path, headers }
}

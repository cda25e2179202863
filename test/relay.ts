import { type AddressInfo, createServer, type Socket } from 'node:net'

/** A letter that the relay has accepted. */
export type Received = { from: string; to: string; id: string; source: string }

/**
 * What a relay answers, one function per step; each may answer late, and `drop` hangs up. Without a step: as any relay.
 * `body` is asked after the letter's first line; `cut` after the dot takes the letter and hangs up without a word.
 * `line` counts connections from 1, `nth` the letters on this connection.
 */
export type Script = {
  greeting?: (line: number) => Answer
  ehlo?: string[]
  auth?: () => Answer
  mail?: (from: string) => Answer
  rcpt?: (to: string, nth: number) => Answer
  data?: (nth: number, to: string) => Answer
  body?: (to: string) => 'go' | 'drop'
  /** `ahead`: something came behind the dot. */
  dot?: (letter: Received, nth: number, ahead: boolean) => Answer
  /** Hangs up after its answer to a letter. */
  single?: true
}
export type Answer = string | Promise<string>

export type RelayServer = {
  readonly url: string
  readonly port: number
  /** In the order in which they were accepted. */
  readonly received: Received[]
  /** Every letter whose final dot has come in, accepted or not. */
  readonly seen: Received[]
  readonly lines: number
  script: Script
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** A relay on 127.0.0.1 that says exactly what its script says: a stand-in for the worst ones. */
export async function openRelay(script: Script = {}, port = 0): Promise<RelayServer> {
  const sockets = new Set<Socket>()
  const relay = { received: [] as Received[], seen: [] as Received[], lines: 0, script }
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => {})
    socket.setNoDelay(true) // else every answer may wait 40 ms for what is not coming
    void converse(socket, relay, ++relay.lines)
  })
  server.listen(port, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const bound = (server.address() as AddressInfo).port
  async function close(): Promise<void> {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  }
  return Object.assign(relay, { url: `smtp://127.0.0.1:${bound}`, port: bound, close, [Symbol.asyncDispose]: close })
}

type State = { received: Received[]; seen: Received[]; script: Script }

async function converse(socket: Socket, relay: State, line: number): Promise<void> {
  const read = reader(socket)
  let letter = { from: '', to: '' }
  let nth = 0
  async function say(answer: Answer): Promise<string> {
    const text = await answer
    if (text === 'drop' || text === 'cut') socket.destroy()
    else socket.write(`${text}\r\n`)
    return text
  }
  let said = await say(relay.script.greeting?.(line) ?? '220 relay.test ESMTP')
  while (said !== 'drop' && said !== 'cut' && !/^(421|221)/.test(said)) {
    const command = await read('\r\n')
    if (command === undefined) return
    const { script } = relay
    const word = command.slice(0, 4).toUpperCase()
    if (word === 'EHLO')
      said = await say(
        ['relay.test', ...(script.ehlo ?? ['PIPELINING', '8BITMIME'])]
          .map((text, index, all) => `250${index < all.length - 1 ? '-' : ' '}${text}`)
          .join('\r\n'),
      )
    else if (word === 'MAIL') {
      letter = { from: between(command), to: '' }
      nth++
      said = await say(script.mail?.(letter.from) ?? '250 ok')
    } else if (word === 'RCPT') {
      said = await say(script.rcpt?.(between(command), nth) ?? '250 ok')
      if (said.startsWith('2')) letter.to = between(command)
    } else if (word === 'DATA') {
      said = await say(letter.to ? (script.data?.(nth, letter.to) ?? '354 go') : '554 no valid recipients')
      if (!said.startsWith('354')) continue
      const firstLine = await read('\r\n')
      if (script.body?.(letter.to) === 'drop') {
        socket.destroy()
        return // also when the rest has come in already
      }
      const rest = await read('\r\n.\r\n')
      if (firstLine === undefined || rest === undefined) return
      const source = `${firstLine}\r\n${rest}`
      const received = { ...letter, id: /^Message-ID:\s*(\S+)/im.exec(source)?.[1] ?? '', source }
      relay.seen.push(received)
      said = await say(script.dot?.(received, nth, read.more()) ?? '250 2.0.0 queued')
      if (said.startsWith('2') || said === 'cut') relay.received.push(received)
      if (script.single) break
    } else if (word === 'AUTH') said = await say(script.auth?.() ?? '250 ok')
    else said = await say(word === 'QUIT' ? '221 bye' : '250 ok')
  }
  socket.end()
}

function between(command: string): string {
  return /<(.*)>/.exec(command)?.[1] ?? ''
}

/** What comes up to a delimiter; undefined when the other side has hung up. */
function reader(socket: Socket): { (delimiter: string): Promise<string | undefined>; more(): boolean } {
  let rest = ''
  let ended = false
  let wake = () => {}
  socket.on('data', (chunk: Buffer) => {
    rest += chunk.toString('latin1')
    wake()
  })
  socket.on('close', () => {
    ended = true
    wake()
  })
  socket.on('end', () => {
    ended = true
    wake()
  })
  async function read(delimiter: string): Promise<string | undefined> {
    for (;;) {
      const end = rest.indexOf(delimiter)
      if (end >= 0) {
        const piece = rest.slice(0, end)
        rest = rest.slice(end + delimiter.length)
        return piece
      }
      if (ended) return undefined
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
  }
  return Object.assign(read, { more: () => rest !== '' })
}

import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join, resolve } from 'node:path'

/** A mail server that hands messages on by LMTP, or by SMTP. */
export type Client = {
  say(line: string): Promise<string>
  /** Hands a message to these addresses; answers what was said to each, at RCPT or after the dot. */
  send(message: Buffer | string, ...to: string[]): Promise<string[]>
  socket: Socket
  close(): void
  [Symbol.dispose](): void
}

export async function openClient(port: number, hello = 'LHLO relay.test'): Promise<Client> {
  const socket = connect(port, '127.0.0.1')
  let text = ''
  let wake = () => {}
  let ended = false
  socket.on('data', (chunk) => {
    text += chunk
    wake()
  })
  for (const event of ['close', 'error'])
    socket.on(event, () => {
      ended = true
      wake()
    })
  async function answer(): Promise<string> {
    for (;;) {
      const whole = /^(\d{3}-.*\r\n)*\d{3} .*\r\n/.exec(text)?.[0]
      if (whole !== undefined) {
        text = text.slice(whole.length)
        return whole.trim()
      }
      if (ended) return 'closed'
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
  }
  async function say(line: string): Promise<string> {
    socket.write(`${line}\r\n`)
    return answer()
  }
  await answer()
  await say(hello)
  const lmtp = hello.startsWith('LHLO')
  return {
    say,
    socket,
    async send(message, ...to) {
      await say('MAIL FROM:<>')
      const answers = new Map<string, string>()
      for (const address of to) answers.set(address, await say(`RCPT TO:<${address}>`))
      const taken = [...answers].filter(([, said]) => said.startsWith('250')).map(([address]) => address)
      if (taken.length > 0) {
        const ready = await say('DATA')
        if (!ready.startsWith('354')) return [ready]
        socket.write(stuffed(message))
        socket.write('\r\n.\r\n')
        for (const address of lmtp ? taken : taken.slice(0, 1)) answers.set(address, await answer())
      }
      await say('RSET')
      return [...answers.values()]
    },
    close: () => socket.destroy(),
    [Symbol.dispose]: () => socket.destroy(),
  }
}

function stuffed(message: Buffer | string): Buffer {
  return Buffer.from(Buffer.from(message).toString('latin1').replace(/^\./gm, '..'), 'latin1')
}

const FOLDER = resolve(import.meta.dirname, 'bounces')

/** One of `test/bounces/`; `from`, `reader` and `id` take the place of what stands in all of them. */
export function mailOf(name: string, { reader = 'reader@inbox.example', id = '' } = {}): string {
  const text = readFileSync(join(FOLDER, `${name}.eml`), 'latin1').replaceAll(
    /reader@(inbox|gmail|yahoo|posta|barid)\.example/g,
    reader,
  )
  return text.replace(/^Message-ID: </im, `Message-ID: <${id}`)
}

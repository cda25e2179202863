import type { Socket } from 'node:net'

/** A relay's reply (RFC 5321, 4.2): `text` is the code and its words, those of all its lines in one. */
export type Reply = { code: number; text: string }

/** What a relay says, one reply after another, however its bytes arrive. */
export type Replies = {
  /** The next reply; thrown is what came instead: nonsense, silence for so long, the end of the connection. */
  next(milliseconds: number): Promise<Reply>
  /** It said something that nobody asked for. */
  readonly unasked: boolean
  /** Nothing more will come, or nothing that could be understood. */
  readonly over: boolean
}

const LONGEST = 256 * 1024 // bytes of one reply: some answer in hundreds of lines

type Waiter = { resolve(reply: Reply): void; reject(error: Error): void }

/** Reads a socket from now on; whoever read it before must have stopped. */
export function openReplies(socket: Socket): Replies {
  const queue: Reply[] = []
  let waiter: Waiter | undefined
  let patience = 0 // ms that the next reply may take, and when they are over
  let deadline = 0
  let timer: NodeJS.Timeout | undefined
  let due = Infinity // when the timer rings: not after a deadline, perhaps before
  let failure: Error | undefined
  let rest = ''
  let words: string[] = []
  let size = 0

  function fail(error: Error): void {
    failure ??= error
    clearTimeout(timer)
    waiter?.reject(failure)
    waiter = undefined
  }
  function read(chunk: Buffer): void {
    if (failure) return
    const lines = (rest + chunk.toString('latin1')).split('\n')
    rest = lines.pop()!
    for (const line of lines) if (!failure) understand(line.replace(/\r$/, ''))
    if (size + rest.length > LONGEST) fail(new Error(`the relay's answer does not end: ${rest.slice(0, 80)}`))
  }
  function understand(line: string): void {
    const code = line.slice(0, 3)
    if (!/^[2-5]\d\d(?:[ -].*)?$/.test(line) || (words.length > 0 && words[0] !== code)) {
      fail(new Error(`no reply: ${unicode(line)}`))
      return
    }
    if (words.length === 0) words.push(code)
    if (line.length > 4) words.push(unicode(line.slice(4)))
    size += line.length
    if (line[3] === '-') return
    deliver({ code: Number(code), text: joined(words) })
    words = []
    size = 0
  }
  function deliver(reply: Reply): void {
    if (waiter) waiter.resolve(reply)
    else if (queue.push(reply) > 100) fail(new Error('the relay talks without being asked'))
    waiter = undefined
  }
  /** One timer for all replies: to set one for each, and clear it, takes as long as to write a letter. */
  function expect(milliseconds: number): void {
    patience = milliseconds
    deadline = performance.now() + milliseconds
    if (deadline < due) set(milliseconds)
  }
  function set(milliseconds: number): void {
    clearTimeout(timer)
    due = performance.now() + milliseconds
    timer = setTimeout(ring, milliseconds).unref() // the socket is what is waited for
  }
  function ring(): void {
    due = Infinity
    if (!waiter) return
    const left = deadline - performance.now()
    if (left > 0) set(left)
    else fail(new Error(`the relay said nothing for ${patience / 1000} s`))
  }
  socket.on('data', read)
  socket.on('error', fail)
  socket.on('end', () => fail(new Error('the relay closed the connection')))
  socket.on('close', () => fail(new Error('the connection ended')))
  return {
    get unasked() {
      return queue.length > 0 || words.length > 0 || rest !== ''
    },
    get over() {
      return failure !== undefined
    },
    next(milliseconds) {
      const reply = queue.shift()
      if (reply) return Promise.resolve(reply)
      if (failure) return Promise.reject(failure)
      expect(milliseconds)
      return new Promise((resolve, reject) => {
        waiter = { resolve, reject }
      })
    },
  }
}

/** The enhanced code that begins every line of a long reply is said once. */
function joined(words: string[]): string {
  if (words.length < 3) return words.join(' ')
  const [code, ...lines] = words
  const enhanced = /^\d\.\d{1,3}\.\d{1,3} /.exec(lines[0] ?? '')?.[0]
  return [
    code,
    ...lines.map((line, at) => (at > 0 && enhanced && line.startsWith(enhanced) ? line.slice(enhanced.length) : line)),
  ].join(' ')
}

function unicode(line: string): string {
  if (line.length <= 1000 && /^[\x20-\x7e]*$/.test(line)) return line
  return Buffer.from(line.slice(0, 1000), 'latin1').toString('utf8')
}

import { describe, expect, test } from 'vitest'
import { edition, mailing } from '../mailing.ts'
import { startProgram, startSending } from '../program.ts'
import { openRelay, type Received, type Script } from '../relay.ts'
import { databases, openWorld } from '../world.ts'

const READERS = 600
const KILLS = Number(process.env['KILLS'] ?? 12)
const CONNECTIONS = 5
const several = databases.filter((kind) => kind !== 'pglite') // PGlite lives inside one process
const RETRY = { NASHRA_RETRY: Array(12).fill('1s').join(',') }

describe.each(several)('kill -9 on %s', (kind) => {
  test('again and again, and servers that greylist, defer, refuse, drop at every stage or cut before their 250: nobody is lost', {
    timeout: 600_000,
  }, async () => {
    const servers = openServers()
    await using relay = await openRelay(servers.script)
    await using world = await openWorld(kind, new Date().toISOString())
    const list = await mailing(world, READERS)
    const { public_id } = await edition(world, list)
    const url = `${relay.url}?connections=${CONNECTIONS}`
    for (let kill = 0; kill < KILLS; kill++) {
      const child = startSending(world, url, RETRY, '10s')
      const end = () => child.process.kill('SIGKILL')
      if (kill % 2 === 0) servers.afterAccepting(1 + Math.floor(Math.random() * 12), end)
      else servers.afterAccepting(1, () => void soon(Math.random() * 200).then(end))
      await child.ended
      servers.afterAccepting(0, () => {})
    }
    expect(new Set(relay.received.map(({ to }) => to)).size).toBeLessThan(READERS) // else the kills came too late to mean anything
    // A relay of which every line breaks is let rest, and named; what is due after the wait is counted: somebody runs it again.
    let last = await startSending(world, url, RETRY, '20s').ended
    for (let again = 0; again < 6 && (last.code !== 0 || last.answer['waiting'] !== 0); again++) {
      if (last.code === 0) expect(last.answer['next']).toEqual(expect.any(String))
      else expect(last.errors).toContain('127.0.0.1')
      last = await startSending(world, url, RETRY, '20s').ended
    }
    expect(last).toMatchObject({ code: 0, answer: { held: 0, waiting: 0 } })
    const seen = relay.seen.length
    expect(await startSending(world, relay.url, RETRY).ended).toMatchObject({ code: 0, answer: { submitted: 0 } })
    expect(relay.seen).toHaveLength(seen) // the extra run sends nothing

    const copies = Map.groupBy(relay.received, ({ to }) => to)
    const addresses = list.readers.map(({ address }) => address)
    expect(addresses.filter((to) => !copies.has(to) && !servers.refuses(to))).toEqual([])
    expect(addresses.filter((to) => copies.has(to) && servers.refuses(to))).toEqual([])
    const extra = relay.received.length - copies.size - servers.cuts()
    expect(extra).toBeLessThanOrEqual(KILLS * CONNECTIONS)
    for (const same of copies.values()) expect(new Set(same.map(whose)).size).toBe(1)
    expect(new Set(relay.received.map(({ id }) => id)).size).toBe(copies.size)
    const refused = addresses.filter(servers.refuses).length
    const { code, answer } = await startProgram(world, ['edition', 'verify', public_id]).ended
    expect(code).toBe(0)
    expect(answer).toMatchObject({ recipients: READERS, submitted: READERS - refused, refused, reconciled: true })
    expect(answer).toMatchObject({ skipped: 0, uncertain: 0, waiting: 0 })
    const doubted = new Set(answer['doubted'] as string[])
    const publicIds = new Map(list.readers.map((reader) => [reader.address, reader.public_id]))
    for (const [to, same] of copies) if (same.length > 1) expect(doubted).toContain(publicIds.get(to))
    console.log(
      `${kind}: ${KILLS} kills, ${READERS} readers, ${CONNECTIONS} connections: 0 lost, ${refused} refused, ${extra} extra copies (and ${servers.cuts()} of letters that were taken without a word), ${doubted.size} doubted`,
    )
  })
})

/** The readers' servers, by the number in the address; what is bad about one is so at the first try, or at the first two. */
function openServers() {
  const tries = new Map<string, number>()
  let cuts = 0
  let left = 0
  let then = () => {}
  const kindOf = (to: string) => Number(/(\d+)@/.exec(to)?.[1]) % 12
  const first = (to: string, stage: string, times = 1) => {
    const n = (tries.get(`${stage} ${to}`) ?? 0) + 1
    tries.set(`${stage} ${to}`, n)
    return n <= times
  }
  const refuses = (to: string) => kindOf(to) === 5 || kindOf(to) === 6
  async function dot({ to }: Received): Promise<string> {
    await soon(10)
    if (kindOf(to) === 6) return '554 5.6.0 not such a letter'
    if (kindOf(to) === 4 && first(to, 'dot', 2)) return '452 4.3.1 not now'
    if (kindOf(to) === 9 && first(to, 'dot')) return 'drop'
    const cut = kindOf(to) === 10 && first(to, 'dot')
    if (cut) cuts++
    if (--left === 0) then()
    return cut ? 'cut' : '250 2.0.0 queued'
  }
  const script: Script = {
    rcpt(to) {
      if (kindOf(to) === 3 && first(to, 'rcpt')) return '451 4.7.1 greylisted, come back later'
      if (kindOf(to) === 5) return '550 5.1.1 no such user'
      return kindOf(to) === 7 && first(to, 'rcpt') ? 'drop' : '250 ok'
    },
    data: (_, to) => (kindOf(to) === 8 && first(to, 'data') ? 'drop' : '354 go'),
    body: (to) => (kindOf(to) === 11 && first(to, 'body') ? 'drop' : 'go'),
    dot,
  }
  return {
    script,
    refuses,
    /** Letters taken by a server that hung up before it said so. */
    cuts: () => cuts,
    /** Calls back when so many more letters have been taken. */
    afterAccepting(n: number, call: () => void): void {
      left = n
      then = call
    },
  }
}

/** What must not differ between two copies. */
function whose({ source }: Received): string {
  const head = source.slice(0, source.indexOf('\r\n\r\n'))
  return ['Message-ID', 'From', 'To', 'Subject']
    .map((name) => new RegExp(`^${name}:.*(\r\n[ \t].*)*`, 'im').exec(head)?.[0])
    .join('\n')
}

function soon(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}

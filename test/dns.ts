import { createSocket } from 'node:dgram'
import { Resolver } from 'node:dns/promises'
import { once } from 'node:events'

type Zone = Record<string, { TXT?: string[]; MX?: string[]; A?: string[]; PTR?: string[] }>

const TYPES = { A: 1, PTR: 12, MX: 15, TXT: 16 } as const

/** A name server on 127.0.0.1 that knows one zone and says of all else that it is not there; `mute` says nothing at all. */
export async function openDns(zone: Zone, { mute = false } = {}) {
  const socket = createSocket('udp4')
  socket.on('message', (query, from) => {
    if (!mute) socket.send(answer(zone, query), from.port, from.address)
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  const resolver = new Resolver({ timeout: 300, tries: 1 })
  resolver.setServers([`127.0.0.1:${socket.address().port}`])
  return Object.assign(resolver, {
    async [Symbol.asyncDispose]() {
      await new Promise<void>((resolve) => socket.close(() => resolve()))
    },
  })
}

function answer(zone: Zone, query: Buffer): Buffer {
  const labels: string[] = []
  let at = 12
  while (query[at] !== 0) {
    labels.push(query.toString('ascii', at + 1, at + 1 + query[at]!))
    at += query[at]! + 1
  }
  const type = query.readUInt16BE(at + 1)
  const question = query.subarray(12, at + 5)
  const known = zone[labels.join('.').toLowerCase()]
  const word = (Object.keys(TYPES) as (keyof typeof TYPES)[]).find((key) => TYPES[key] === type)
  const records = (word && known?.[word]) ?? []
  const head = Buffer.alloc(12)
  query.copy(head, 0, 0, 2)
  head.writeUInt16BE(0x8180 | (known ? 0 : 3), 2)
  head.writeUInt16BE(1, 4)
  head.writeUInt16BE(records.length, 6)
  return Buffer.concat([head, question, ...records.map((text) => record(type, data(type, text)))])
}

function record(type: number, bytes: Buffer): Buffer {
  const head = Buffer.alloc(12)
  head.writeUInt16BE(0xc00c, 0)
  head.writeUInt16BE(type, 2)
  head.writeUInt16BE(1, 4)
  head.writeUInt32BE(60, 6)
  head.writeUInt16BE(bytes.length, 10)
  return Buffer.concat([head, bytes])
}

function data(type: number, text: string): Buffer {
  if (type === TYPES.A) return Buffer.from(text.split('.').map(Number))
  if (type === TYPES.TXT)
    return Buffer.concat(
      text.match(/.{1,255}/g)!.map((part) => Buffer.concat([Buffer.from([part.length]), Buffer.from(part)])),
    )
  return Buffer.concat([type === TYPES.MX ? Buffer.from([0, 10]) : Buffer.alloc(0), name(text)])
}

function name(text: string): Buffer {
  const labels = text.split('.').map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)]))
  return Buffer.concat([...labels, Buffer.from([0])])
}

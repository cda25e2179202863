import type { Instant } from '../../db/instant.ts'
import { type Bytes, sizeOf } from './feed-bytes.ts'

/** A document in memory. */
export type Stored = {
  bytes: Bytes
  /** What the database's version was when this was last known to be right, and the paper's version then. */
  seen: number
  version: number
  /** What it was made from: as long as that is the same, it need not be built again. */
  mark: string
  freshUntil: Instant | null
}

/** Those that anybody can ask for by making up names have a room of their own, a third as large. */
export type Room = 'own' | 'common'

/** Documents by path. */
export type Store = {
  get(path: string): Stored | undefined
  set(path: string, document: Stored, room: Room): void
  delete(path: string): void
  clear(): void
}

type Held = Stored & { size: number; usedAt: number; room: Room }

const OVERHEAD = 3000 // bytes that a made-up name's document takes besides its bodies, so that the smallest count too

/** `mostBytes` is what the paper's own documents may take. */
export function openStore(mostBytes: number): Store {
  const held = new Map<string, Held>()
  const taken: Record<Room, number> = { own: 0, common: 0 }
  const most: Record<Room, number> = { own: mostBytes, common: mostBytes / 3 }
  let uses = 0

  function drop(path: string): void {
    const document = held.get(path)
    if (!document) return
    taken[document.room] -= document.size
    held.delete(path)
  }

  /** Lets go of what nobody has asked for longest; some more than needed, so that it is not done with every document. */
  function makeRoom(room: Room, but: string): void {
    if (taken[room] <= most[room]) return
    const others = [...held].filter(([path, one]) => one.room === room && path !== but)
    for (const [path] of others.sort(([, a], [, b]) => a.usedAt - b.usedAt)) {
      if (taken[room] <= 0.9 * most[room]) break
      drop(path)
    }
  }

  return {
    get(path) {
      const document = held.get(path)
      if (document) document.usedAt = ++uses
      return document
    },
    set(path, document, room) {
      drop(path)
      const size = sizeOf(document.bytes) + (room === 'common' ? OVERHEAD : 0)
      held.set(path, { ...document, size, room, usedAt: ++uses })
      taken[room] += size
      makeRoom(room, path)
    },
    delete: drop,
    clear() {
      held.clear()
      Object.assign(taken, { own: 0, common: 0 })
    },
  }
}

import { expect } from 'vitest'
import { addressHash, email } from '../src/address.ts'
import * as deliveries from '../src/deliveries/index.ts'
import { type Mailing, mailing } from './mailing.ts'
import type { World } from './world.ts'

export const MORNING = '2026-11-23T05:00:00Z'

export const NONE = { submitted: 0, refused: 0, deferred: 0, uncertain: 0, skipped: 0 }

/** A list whose readers are at these domains, in this order. */
export async function readersAt(world: World, domains: string[], slug = 'morning'): Promise<Mailing> {
  const list = await mailing(world, domains.length, slug)
  for (const [n, reader] of list.readers.entries()) {
    reader.address = `${slug}-${n}@${domains[n]}`
    await world.db
      .updateTable('subscriber')
      .set({ address: reader.address, address_hash: addressHash(email(reader.address)) })
      .where('id', '=', reader.subscriber_id)
      .execute()
  }
  return list
}

export const many = (n: number, domain: string) => Array.from({ length: n }, () => domain)

export const send = (app: World, wait = 0) => deliveries.sendUntilEmpty(app, { wait })

export async function until(done: () => boolean): Promise<void> {
  const deadline = performance.now() + 20_000
  while (!done() && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 10))
  expect(done()).toBe(true)
}

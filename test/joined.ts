import { Readable } from 'node:stream'
import { expect } from 'vitest'
import { Problem } from '../src/problem.ts'
import * as subscribers from '../src/subscribers/index.ts'
import { type databases, openWorld, type World } from './world.ts'

export const NOW = '2026-11-23T04:10:00Z'

export async function open(kind: (typeof databases)[number]): Promise<World> {
  const world = await openWorld(kind, NOW)
  await subscribers.addList(world, 'cli', { slug: 'daily', title: 'الموجز اليومي', language: 'ar', public: true })
  return world
}

export function invite(
  world: World | Awaited<ReturnType<World['again']>>,
  address: string,
  more: Partial<subscribers.Request> = {},
): Promise<void> {
  const network = more.network ?? `198.${Math.floor(Math.random() * 250)}.${Math.floor(Math.random() * 250)}.1`
  return subscribers.invite(world, { list: 'daily', form: '/subscribe', language: 'ar', ...more, network, address })
}

export async function join(world: World, address: string): Promise<void> {
  await invite(world, address)
  await subscribers.confirm(world, (await tokensOf(world, address)).confirm, '192.0.2.1')
}

export async function tokensOf(world: World, address: string): Promise<{ unsubscribe: string; confirm: string }> {
  return subscribers.tokens(world, await subscriptionOf(world, address))
}

export async function subscriptionOf(world: World, address: string) {
  const rows = await world.db
    .selectFrom('subscription')
    .innerJoin('subscriber', 'subscriber.id', 'subscription.subscriber_id')
    .selectAll('subscription')
    .select('address')
    .execute()
  return rows.find((row) => row.address!.toLowerCase() === address.toLowerCase())!
}

export async function states(world: World): Promise<Record<string, string>> {
  const rows = await world.db
    .selectFrom('subscription')
    .innerJoin('subscriber', 'subscriber.id', 'subscription.subscriber_id')
    .select(['address', 'state'])
    .orderBy('address')
    .execute()
  return Object.fromEntries(rows.map((row) => [row.address, row.state]))
}

export function load(world: World, file: string, dryRun = false): Promise<subscribers.Imported> {
  return subscribers.importCsv(world, 'cli', Readable.from([Buffer.from(file)]), { list: 'daily', dryRun })
}

export async function refused(code: string, promise: Promise<unknown>): Promise<void> {
  const problem = await promise.then(
    () => undefined,
    (error: unknown) => error,
  )
  expect(problem).toBeInstanceOf(Problem)
  expect((problem as Problem).code).toBe(code)
}

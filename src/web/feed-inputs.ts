import { instant } from '../../db/instant.ts'
import type { App } from '../app.ts'
import type { Input } from '../syndication/index.ts'

type Held = { version: number; input: Promise<Input> }

const HELD = 1000 // ms: after a change a channel's three documents are asked for one after another
const held = new WeakMap<App, Map<string, Held>>()

/**
 * What a channel's documents are made of, read once for all that are built within a second of the same version of the
 * paper; anew when an article's hour has come meanwhile.
 */
export async function inputOf(app: App, slug: string, version: number, read: () => Promise<Input>): Promise<Input> {
  const inputs = held.get(app) ?? new Map<string, Held>()
  held.set(app, inputs)
  const known = inputs.get(slug)
  if (known?.version === version) {
    const input = await known.input
    if (input.nextDue === undefined || instant(app.now()) < input.nextDue) return input
  }
  const fresh = { version, input: read() }
  inputs.set(slug, fresh)
  const forget = () => void (inputs.get(slug) === fresh && inputs.delete(slug))
  fresh.input.catch(forget)
  setTimeout(forget, HELD).unref()
  return fresh.input
}

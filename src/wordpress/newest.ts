import type { Actor, App } from '../app.ts'
import * as intake from '../intake/index.ts'
import { Problem } from '../problem.ts'
import type { Item } from '../reading/index.ts'
import type { Polled, Source } from '../sources/source.ts'
import { type Answer, ask, posts, type Turn } from './asking.ts'
import { asPolled, originOf } from './ending.ts'
import { learnName, nameOf } from './naming.ts'
import { readApart } from './post-reader.ts'
import { find, homeOf } from './root.ts'

/** Takes a site's newest posts (at most 50) without following it: a first sight of the paper. */
export async function takeNewest(app: App, actor: Actor, source: Source, signal: AbortSignal): Promise<Polled> {
  const turn: Turn = { app, actor, source, signal }
  const found = await find(turn, homeOf(source.url))
  if ('closed' in found) return { status: 'error', error: found.closed }
  if ('trouble' in found) return asPolled(found.trouble)
  await learnName(turn, found.api)
  const read = await newestOf(turn, found.api, 50)
  if ('trouble' in read) return asPolled(read.trouble)
  await intake.take(app, actor, turn.source, { items: read.items, deleted: [], first: true, window: false })
  return { status: 'ok' }
}

/** A site as it shows itself: its name, its newest posts as items, how many it has. */
export type Sight = { title: string; items: Item[]; total?: number }

/**
 * Looks at a site's newest posts and stores nothing. Where its REST interface is closed it says why; throws Problem
 * `fetch-failed` where it cannot be asked now.
 */
export async function look(app: App, source: Source, signal: AbortSignal): Promise<Sight | { closed: string }> {
  const turn: Turn = { app, actor: 'desk', source, signal }
  const found = await find(turn, homeOf(source.url))
  if ('closed' in found) return found
  const read = 'trouble' in found ? found : await newestOf(turn, found.api, 10)
  if ('trouble' in read) {
    const reason = asPolled(read.trouble).error ?? ''
    throw new Problem('fetch-failed', { host: new URL(source.url).host, reason })
  }
  const total = 'total' in found ? found.total : undefined
  const title = source.title || ('api' in found ? await nameOf(turn, found.api) : '')
  return { title, items: read.items, ...(total !== undefined && { total }) }
}

/** The newest posts, or fewer of them where they are too much for the site at once. */
async function newestOf(turn: Turn, api: string, n: number): Promise<{ items: Item[] } | { trouble: Answer }> {
  let answer = await ask(turn, posts(api, { per_page: n, _embed: 1 }))
  if (answer.kind === 'large' || answer.kind === 'broken')
    answer = await ask(turn, posts(api, { per_page: Math.ceil(n / 5), _embed: 1 }))
  const read = answer.kind === 'ok' ? await readApart(answer.body, originOf(turn)) : undefined
  return read ? { items: read.flatMap((post) => ('item' in post ? [post.item] : [])) } : { trouble: answer }
}

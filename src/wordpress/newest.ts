import type { Actor, App } from '../app.ts'
import * as intake from '../intake/index.ts'
import type { Polled, Source } from '../sources/source.ts'
import { ask, posts, type Turn } from './asking.ts'
import { asPolled, originOf } from './ending.ts'
import { learnName } from './naming.ts'
import { readApart } from './post-reader.ts'
import { find, homeOf } from './root.ts'

/** Takes a site's newest posts (at most 50) without following it: a first sight of the paper. */
export async function takeNewest(app: App, actor: Actor, source: Source, signal: AbortSignal): Promise<Polled> {
  const turn: Turn = { app, actor, source, signal }
  const found = await find(turn, homeOf(source.url))
  if ('closed' in found) return { status: 'error', error: found.closed }
  if ('trouble' in found) return asPolled(found.trouble)
  await learnName(turn, found.api)
  let answer = await ask(turn, posts(found.api, { per_page: 50, _embed: 1 }))
  if (answer.kind === 'large' || answer.kind === 'broken')
    answer = await ask(turn, posts(found.api, { per_page: 10, _embed: 1 }))
  const read = answer.kind === 'ok' ? await readApart(answer.body, originOf(turn)) : undefined
  if (!read) return asPolled(answer)
  const items = read.flatMap((post) => ('item' in post ? [post.item] : []))
  await intake.take(app, actor, turn.source, { items, deleted: [], first: true, window: false })
  return { status: 'ok' }
}

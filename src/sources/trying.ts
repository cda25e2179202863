import { type Instant, instant } from '../../db/instant.ts'
import type { App } from '../app.ts'
import * as fetching from '../fetching/index.ts'
import * as intake from '../intake/index.ts'
import type * as reading from '../reading/index.ts'
import type { Notes } from '../reading/index.ts'
import { look } from '../wordpress/newest.ts'
import { lookedFor, refuseKnown } from './adding.ts'
import { ACCEPT, PATIENCE, refusedBy, understood } from './asking.ts'
import { audience } from './audience.ts'
import type { Found } from './discovery.ts'
import { address, columns } from './settings.ts'
import type { Settings, Source } from './source.ts'

/**
 * What a source would be, and what a first reading of it brings. `items` are its newest, as articles; `n` how many it gives
 * at once, `undated` how many of those have no date that is believed, `textless` how many no text. `notes` as of a feed.
 */
export type Trial = Pick<Found, 'url' | 'kind' | 'others'> & {
  way?: Found['way']
  title: string
  n: number
  undated: number
  textless: number
  items: intake.Foreseen[]
  notes?: Notes
}

type Read = { title: string; items: reading.Item[]; n: number; notes?: Notes }

const SHOWN = 5

/**
 * Looks for where the stories of an address are read and reads them once, with the same guard, caps and workers as a poll.
 * Nothing is stored.
 *
 * Throws Problems as `add` and a poll do: for an address or a setting that is none, one that is a source already, a site
 * that cannot be asked, and where there is nothing to be read.
 */
export async function tryRead(app: App, text: string, settings: Settings, signal: AbortSignal): Promise<Trial> {
  const url = address(text)
  const decided = columns(settings)
  await refuseKnown(app.read, url)
  const { found } = await lookedFor(app, url, settings.relation === 'own', signal)
  const { others = [], way, ...place } = found ?? { url, kind: 'feed' as const }
  if (found) await refuseKnown(app.read, found.url)
  const source: Source = { ...blank(instant(app.now())), ...decided, ...place, host: new URL(place.url).host }
  const { title, items, n, notes } =
    place.kind === 'wordpress' ? await ofSite(app, source, signal) : await ofFeed(app, source, signal)
  return {
    ...{ url: place.url, kind: place.kind, others, title, n },
    ...(way && { way }),
    undated: items.filter(({ published_at }) => published_at === undefined).length,
    textless: items.filter(({ html, summary }) => !html && !summary).length,
    items: await intake.foreseen(app, { ...source, title: source.title || title }, items.slice(0, SHOWN)),
    ...(notes && { notes }),
  }
}

async function ofFeed(app: App, source: Source, signal: AbortSignal): Promise<Read> {
  const subscribers = await audience(app)
  const answer = await fetching.get(app, source.url, { accept: ACCEPT, patience: PATIENCE, signal, subscribers })
  if (answer.status !== 200 && answer.status !== 203) throw refusedBy(answer)
  const { title, items, notes } = await understood(app, source, answer)
  return { title, items, n: items.length, notes }
}

/** Where the site's interface is closed its feed is read, as a mirror does. */
async function ofSite(app: App, source: Source, signal: AbortSignal): Promise<Read> {
  const seen = await look(app, source, signal)
  if ('closed' in seen) return ofFeed(app, { ...source, url: new URL('feed/', source.url).href }, signal)
  return { ...seen, n: seen.total ?? seen.items.length }
}

/** A source that nobody has decided anything about, and that is nowhere stored. */
function blank(now: Instant): Source {
  return {
    ...{ id: 0, url: '', title: '', kind: 'feed', relation: 'partner', home: '', host: '', date_order: 'auto' },
    ...{ body: 'full', intake: 'publish', first: 'archive', pictures: 'leave', report: '{}', failures: 0, pause: 0 },
    ...{ language: null, zone: null, section: null, credit: null, charset: null, etag: null, last_modified: null },
    ...{ cursor: null, error: null, due_at: null, read_at: null, polled_at: null, fresh_at: null, paused_at: null },
    ...{ ended_at: null, created_at: now },
  }
}

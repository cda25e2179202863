import type { ExpressionBuilder } from 'kysely'
import { type Instant, later, moment } from '../../db/instant.ts'
import type { Db, Schema } from '../../db/schema.ts'
import { progress } from '../wordpress/mirror.ts'
import type { Source } from './source.ts'
import { reportOf } from './state.ts'

const DAY = 86_400_000

/** A source and how it fares, for people. */
export async function shown(db: Db, source: Source) {
  const { notes, moved, ...figures } = reportOf(source)
  const [items = []] = [(await itemsByState(db, [source.id])).get(source.id)]
  const { id, url, title, kind, relation, home, language, zone, section, credit, body, intake, first, pictures } =
    source
  return {
    id,
    url,
    title,
    state: stateOf(source),
    error: source.error,
    failures: source.failures,
    last_success: written(source.read_at),
    last_poll: written(source.polled_at),
    last_new: written(source.fresh_at),
    next_poll: written(source.due_at),
    interval: source.pause ? pauseInWords(source.pause) : null,
    ...(moved && { moved }),
    kind,
    relation,
    home,
    language,
    zone,
    date_order: source.date_order,
    section,
    credit,
    body,
    intake,
    first,
    pictures,
    charset: notes ? `${notes.charset.name} (${notes.charset.why})` : source.charset,
    charset_set: source.charset,
    etag: source.etag,
    last_modified: source.last_modified,
    last_reading: { ...figures, ...(figures.perWeek && { perWeek: Math.round(figures.perWeek) }) },
    items,
    ...(kind === 'wordpress' && { mirror: progress(source) }),
    dates: notes?.dates ?? [],
    dropped: notes?.dropped ?? [],
    mended: notes?.mended ?? [],
  }
}

/** All sources in a line each. */
export async function listed(db: Db, list: Source[]) {
  const items = await itemsByState(
    db,
    list.map(({ id }) => id),
  )
  return list.map((source) => ({
    id: source.id,
    url: source.url,
    title: source.title,
    kind: source.kind,
    state: stateOf(source),
    last_success: written(source.read_at),
    next_poll: written(source.due_at),
    interval: source.pause ? pauseInWords(source.pause) : null,
    items: Object.fromEntries((items.get(source.id) ?? []).map(({ state, n }) => [state, n])),
    error: source.error,
  }))
}

/** How many sources are read, and those of them that have failed for more than a day. */
export async function failing(
  db: Db,
  now: Instant,
): Promise<{ all: number; silent: Pick<Source, 'id' | 'title' | 'host' | 'url'>[] }> {
  const { all } = await db
    .selectFrom('source')
    .select(({ fn, cast }) => cast<number>(fn.countAll(), 'integer').as('all'))
    .where('due_at', 'is not', null)
    .executeTakeFirstOrThrow()
  const silent = await db
    .selectFrom('source')
    .select(['id', 'title', 'host', 'url'])
    .where('due_at', 'is not', null)
    .where((eb) => failingSince(eb, later(now, -DAY)))
    .orderBy('id')
    .execute()
  return { all, silent }
}

/** The condition that nothing has been read of a source since then, as that failed. */
export function failingSince({ and, eb, fn }: ExpressionBuilder<Schema, 'source'>, then: Instant) {
  return and([eb('failures', '>', 0), eb(fn.coalesce('read_at', 'created_at'), '<', then)])
}

/** How a source fares, in a word. */
export function stateOf({ paused_at, ended_at, failures, read_at }: Source): string {
  if (ended_at !== null) return 'ended'
  if (paused_at !== null) return 'paused'
  if (failures > 0) return 'failing'
  return read_at === null ? 'unread' : 'ok'
}

async function itemsByState(db: Db, ids: number[]): Promise<Map<number, { state: string; n: number }[]>> {
  const rows = await db
    .selectFrom('source_item')
    .select(({ fn, cast }) => ['source_id', 'state', cast<number>(fn.countAll(), 'integer').as('n')])
    .where('source_id', 'in', ids)
    .groupBy(['source_id', 'state'])
    .orderBy('state')
    .execute()
  return new Map(
    [...Map.groupBy(rows, (row) => row.source_id)].map(([id, states]) => [
      id,
      states.map(({ state, n }) => ({ state, n })),
    ]),
  )
}

function written(at: Instant | null): string | null {
  return at === null ? null : moment(at).toString({ smallestUnit: 'second' })
}

/** `7h 20m`, `35m`. */
function pauseInWords(pause: number): string {
  const minutes = Math.max(1, Math.round(pause / 60_000))
  const hours = Math.floor(minutes / 60)
  return [hours && `${hours}h`, minutes % 60 && `${minutes % 60}m`].filter(Boolean).join(' ')
}

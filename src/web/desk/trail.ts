import { html } from 'hono/html'
import { say } from '../../locale.ts'
import { writeRows } from '../../spreadsheets/index.ts'
import * as trail from '../../trail.ts'
import { csvFile } from './download.ts'
import { choice, field } from './fields.ts'
import { momentOf, readMoment } from './moments.ts'
import type { Answer, Route, Visit } from './routes.ts'
import { settingsPage } from './settings-page.ts'
import { addressWith, afterIn, type Column, filters, table } from './table.ts'
import { changesOf, toldOf } from './trail-change.ts'
import { meant } from './trail-search.ts'
import { type Thing, thingShown, thingsOf } from './trail-things.ts'
import { actorsIn, did, kindsIn, verbsOf } from './trail-words.ts'

const HERE = '/admin/settings/trail'
const PAGE = 50

/** Who changed what and when. */
export const trailRoutes: Route[] = [
  { method: 'GET', path: HERE, allow: 'trail.read', answer: trailPage },
  { method: 'GET', path: `${HERE}.csv`, allow: 'trail.read', answer: download },
]

type Names = { verbs: string[]; actors: string[] }

async function trailPage(visit: Visit): Answer {
  const { app, language } = visit
  const before = afterIn(visit)
  const names = await trail.names(app.read)
  const sought = await soughtIn(visit, names)
  const rows = await trail.list(app.read, { ...sought, limit: PAGE + 1, ...(before !== undefined && { before }) })
  const page = rows.slice(0, PAGE)
  const file = addressWith(visit, 'after', undefined).replace(HERE, `${HERE}.csv`)
  return settingsPage(
    visit,
    HERE,
    html`<p>${say(language, 'desk.trail-text')}</p>
${filters(visit, await fields(visit, names))}
${table(visit, {
  ...{ rows: page, columns: await columnsOf(visit, page), caption: say(language, 'desk.trail') },
  empty: say(language, 'desk.trail-none'),
  above: html`<p class="deeds"><a class="go" href="${file}">${say(language, 'desk.trail-file')}</a></p>`,
  after: rows.length > PAGE ? String(page.at(-1)!.id) : undefined,
})}`,
  )
}

async function fields(visit: Visit, { actors }: Names) {
  const { language, query } = visit
  const any = ['', say(language, 'desk.trail-any')] as const
  const called = await actorsIn(visit, actors)
  const people = actors.map((actor) => [actor, called.get(actor) ?? actor] as const)
  return html`${field(language, { name: 'q', label: 'desk.trail-search', type: 'search', value: query.get('q'), max: 100 })}
${choice(language, { name: 'actor', label: 'desk.trail-actor', value: query.get('actor'), options: [any, ...people] })}
${choice(language, { name: 'kind', label: 'desk.trail-kind', value: query.get('kind'), options: [any, ...kindsIn(language)] })}
${field(language, { name: 'from', label: 'desk.trail-from', type: 'date', value: query.get('from') })}
${field(language, { name: 'to', label: 'desk.trail-to', type: 'date', value: query.get('to') })}`
}

/** What the address asks for; days are the viewer's own, both of them whole. */
async function soughtIn(visit: Visit, names: Names): Promise<Omit<trail.Sought, 'limit'>> {
  const { query, zone } = visit
  const given = (name: string) => query.get(name)?.trim().slice(0, 100) || undefined
  const [actor, kind, verb, q] = [given('actor'), given('kind'), given('verb'), given('q')]
  const [since, until] = [dayOf(given('from'), zone, 0), dayOf(given('to'), zone, 1)]
  const verbs = verb === undefined ? kind && verbsOf(kind, names.verbs) : [verb]
  return {
    ...(actor !== undefined && { actor }),
    ...(verbs && { verbs }),
    ...(q !== undefined && { any: await meant(visit, q, names) }),
    ...(since !== undefined && { since }),
    ...(until !== undefined && { until }),
  }
}

/** The beginning of a day, so many days later; undefined for what is none. */
function dayOf(text: string | undefined, zone: string, later: number) {
  if (text === undefined || !/^\d{4}-\d{2}-\d{2}$/.test(text)) return undefined
  try {
    return readMoment(Temporal.PlainDate.from(text).add({ days: later }).toString(), zone)
  } catch {
    return undefined
  }
}

async function columnsOf(visit: Visit, page: trail.Change[]): Promise<Column<trail.Change>[]> {
  const { language } = visit
  const things = await thingsOf(visit, page.flatMap((line) => [line.subject, ...toldOf(line)])) // biome-ignore format: one line
  const actors = await actorsIn(visit, page.map(({ actor }) => actor)) // biome-ignore format: one line
  return [
    { name: 'desk.trail-at', cell: ({ at }) => momentOf(visit, at) },
    {
      name: 'desk.trail-actor',
      cell: ({ actor }) => {
        const name = actors.get(actor) ?? actor
        const [, id] = /^account:([a-z0-9]+)$/.exec(actor) ?? []
        return id && actors.has(actor) ? thingShown({ name, path: `/admin/people/${id}` }) : thingShown({ name })
      },
    },
    {
      name: 'desk.trail-what',
      cell: (line) =>
        html`${did(language, line.verb)} · ${about(visit, line.subject, things.get(line.subject)!)}${changesOf(visit, line, things)}`,
    },
  ]
}

/** What a line is about, and the way to all the others about it. */
function about(visit: Visit, subject: string, thing: Thing) {
  if (visit.query.get('q') === subject) return thingShown(thing)
  const all = `${HERE}?${new URLSearchParams({ q: subject })}`
  return html`${thingShown(thing)} <a class="besides" href="${all}">${say(visit.language, 'desk.trail-all-about')}<span class="unseen"> <bdi>${thing.name}</bdi></span></a>`
}

/** The same lines as a table for spreadsheets, all of them. */
async function download(visit: Visit): Answer {
  const { app, language } = visit
  const sought = await soughtIn(visit, await trail.names(app.read))
  async function* rows(): AsyncGenerator<string[]> {
    yield ['at', 'actor', 'name', 'verb', 'did', 'subject', 'about', 'before', 'after']
    for await (const lines of trail.all(app.read, sought)) {
      const things = await thingsOf(visit, lines.map(({ subject }) => subject)) // biome-ignore format: one line
      const actors = await actorsIn(visit, lines.map(({ actor }) => actor)) // biome-ignore format: one line
      for (const { at, actor, verb, subject, before, after } of lines)
        yield [
          ...[new Date(at).toISOString(), actor, actors.get(actor) ?? actor, verb, did(language, verb)],
          ...[subject, things.get(subject)!.name, before ?? '', after ?? ''],
        ]
    }
  }
  return csvFile(visit, 'trail', (out) => writeRows(rows(), out))
}

import { html } from 'hono/html'
import { instant } from '../../../db/instant.ts'
import { say } from '../../locale.ts'
import { Problem } from '../../problem.ts'
import * as segments from '../../segments/index.ts'
import type * as subscribers from '../../subscribers/index.ts'
import type { Html } from '../pages.ts'
import { choice, field } from './fields.ts'
import { tongues } from './lists-one.ts'
import { listsFor, seenSegment } from './lists-seen.ts'
import { withinOf } from './readers-page.ts'
import type { Visit } from './routes.ts'
import { filters } from './table.ts'

const STATES = ['active', 'pending', 'left'] as const
const MOMENTS = [
  ['joined-after', 'joinedAfter'],
  ['joined-before', 'joinedBefore'],
  ['left-after', 'leftAfter'],
  ['left-before', 'leftBefore'],
] as const

/** What the address says of the readers that are sought, as the domain asks for them; a Problem for what cannot be. */
export async function soughtIn(visit: Visit): Promise<subscribers.Wanted> {
  const { query, zone } = visit
  const given = (name: string) => query.get(name)?.trim().slice(0, 300) || undefined
  const [search, state, language, domain] = [given('search'), given('state'), given('language'), given('domain')]
  const suppressed = given('suppressed')
  const within = withinOf(visit)
  const part = await partOf(visit, given('list'), given('segment'))
  return {
    ...(part.list !== undefined && { list: part.list }),
    ...(part.only && { condition: part.only, state: 'active' as const }),
    ...(within && { within }),
    ...(search !== undefined && { search }),
    ...(state !== undefined && { state: state as subscribers.State }),
    ...(language !== undefined && { language }),
    ...(domain !== undefined && { domain }),
    ...(suppressed !== undefined && { suppressed: suppressed === 'yes' }),
    ...(Object.fromEntries(
      MOMENTS.flatMap(([name, key]) => {
        const day = given(name)
        return day === undefined ? [] : [[key, dayIn(day, zone)]]
      }),
    ) as Partial<subscribers.Wanted>),
  }
}

/** The list that is meant, and a segment's condition where one is chosen. */
async function partOf(
  visit: Visit,
  list: string | undefined,
  segment: string | undefined,
): Promise<{ list?: string; only?: subscribers.Condition }> {
  if (list !== undefined) await seenList(visit, list)
  if (segment === undefined) return list === undefined ? {} : { list }
  await seenSegment(visit, segment, 'reader.read')
  const part = await segments.partOf(visit.app, { segment, ...(list !== undefined && { list }) })
  return part
}

/** A list whose readers the visitor may see; any other is as unknown as none. */
async function seenList(visit: Visit, slug: string): Promise<void> {
  const seen = await listsFor(visit, 'reader.read')
  if (!seen.some((one) => one.slug === slug)) throw new Problem('list-not-found', { value: slug.slice(0, 60) })
}

function dayIn(typed: string, zone: string) {
  try {
    return instant(Temporal.PlainDate.from(typed).toZonedDateTime(zone).toInstant())
  } catch (error) {
    throw new Problem('bad-date', { value: typed.slice(0, 60) }, { cause: error })
  }
}

/** The form of what is sought. */
export async function soughtForm(visit: Visit): Promise<Html> {
  const { app, language, query } = visit
  const lists = await listsFor(visit, 'reader.read')
  const ids = lists.map(({ id }) => id)
  const parts = (await segments.all(app.read)).filter(({ list_id }) => ids.includes(list_id))
  const any = ['', say(language, 'desk.readers-any')] as const
  const states = STATES.map((one) => [one, say(language, `desk.readers-state-${one}`)] as const)
  const spoken = tongues(language, query.get('language') ?? 'ar')
  return filters(
    visit,
    html`${field(language, { name: 'search', label: 'desk.readers-search', type: 'search', value: query.get('search'), max: 200 })}
${choice(language, { name: 'list', label: 'desk.readers-list', value: query.get('list'), options: [any, ...lists.map(({ slug, title }) => [slug, title] as const)] })}
${choice(language, { name: 'state', label: 'desk.readers-state', value: query.get('state'), options: [any, ...states] })}
${parts.length > 0 && choice(language, { name: 'segment', label: 'desk.readers-segment', value: query.get('segment'), options: [any, ...parts.map(({ slug, title }) => [slug, title] as const)] })}
${choice(language, { name: 'language', label: 'desk.readers-language', value: query.get('language'), options: [any, ...spoken] })}
${field(language, { name: 'domain', label: 'desk.readers-domain', dir: 'ltr', value: query.get('domain'), max: 253 })}
${choice(language, { name: 'suppressed', label: 'desk.readers-suppressed', value: query.get('suppressed'), options: [any, ['yes', say(language, 'desk.readers-yes')], ['no', say(language, 'desk.readers-no')]] })}
${MOMENTS.map(([name]) => field(language, { name, label: `desk.readers-${name}`, type: 'date', value: query.get(name) }))}`,
  )
}

import { html } from 'hono/html'
import * as accounts from '../../accounts/index.ts'
import { masked, maskedIn } from '../../address.ts'
import * as deliveries from '../../deliveries/index.ts'
import { longDate, say } from '../../locale.ts'
import { edition, listOfEdition } from './editions-frame.ts'
import { choice } from './fields.ts'
import { deskPage } from './frame.ts'
import { momentOf } from './moments.ts'
import type { Answer, Route, Visit } from './routes.ts'
import { type Column, filters, table } from './table.ts'

/** The letters of an edition by what became of them, with the servers' words. */
export const deliveryRoutes: Route[] = [
  {
    ...{ method: 'GET', path: '/admin/digests/editions/:edition/deliveries', allow: 'digest.read' },
    ...{ list: listOfEdition, answer: deliveriesPage },
  },
]

async function deliveriesPage(visit: Visit): Answer {
  const { app, language, query, roles } = visit
  const shown = await edition(visit)
  const fate = deliveries.fates.find((one) => one === query.get('state')) ?? 'all'
  const page = await deliveries.byFate(app.read, shown.id, fate, { after: query.get('after') ?? '' })
  const options = deliveries.fates.map(
    (one) => [one, say(language, one === 'all' ? 'desk.editions-every' : `desk.editions-${one}`)] as const,
  )
  const columns = letterColumns(visit, accounts.may(roles, 'reader.read', shown.list_id), fate)
  const caption = say(language, fate === 'all' ? 'desk.editions-deliveries' : `desk.editions-${fate}`)
  return deskPage(
    visit,
    say(language, 'desk.editions-deliveries'),
    html`<p><a href="/admin/digests/editions/${shown.public_id}"><bdi>${shown.title}</bdi> · ${longDate(Temporal.PlainDate.from(shown.day), language)}</a></p>
${filters(visit, choice(language, { name: 'state', label: 'desk.editions-fate', value: fate, options }))}
${table(visit, { ...page, columns, caption, empty: say(language, shown.forgotten_at === null ? 'desk.editions-no-letters' : 'desk.retention-edition') })}`,
  )
}

/** Whose letter it is: in full for who may see readers, as are the server's words, which often name the address. */
export function letterColumns(visit: Visit, may: boolean, fate: deliveries.Fate): Column<deliveries.Fated>[] {
  const { language } = visit
  return [
    {
      name: 'desk.editions-reader',
      cell: ({ public_id, address }) => {
        const shown = address === null ? '—' : may ? address : masked(address)
        return may
          ? html`<a href="/admin/readers/${public_id}"><bdi dir="ltr">${shown}</bdi></a>`
          : html`<bdi dir="ltr">${shown}</bdi>`
      },
    },
    { name: 'desk.editions-state', cell: ({ state, reason }) => words(language, state, reason) },
    {
      name: 'desk.editions-words',
      cell: ({ reply }) => html`<bdi class="said" dir="ltr">${may ? (reply ?? '') : maskedIn(reply ?? '')}</bdi>`,
    },
    whenOf(visit, fate),
    { name: 'desk.editions-tries', number: true, cell: ({ attempts }) => attempts },
  ]
}

/** The moment that matters: of what waits when it is due, of what is in doubt since when, of all else when it was submitted. */
function whenOf(visit: Visit, fate: deliveries.Fate): Column<deliveries.Fated> {
  if (fate === 'waiting') return { name: 'desk.editions-due', cell: ({ due_at }) => momentOf(visit, due_at) }
  if (fate === 'uncertain' || fate === 'doubted')
    return { name: 'desk.editions-since', cell: ({ doubted_at }) => momentOf(visit, doubted_at) }
  return { name: 'desk.editions-when', cell: ({ submitted_at }) => momentOf(visit, submitted_at) }
}

const STATES = ['queued', 'claimed', 'submitting', 'submitted', 'deferred', 'refused', 'skipped', 'uncertain'] as const
const REASONS = ['left', 'suppressed', 'superseded', 'withdrawn', 'restored', 'paused'] as const

function words(language: string, state: string, reason: string | null): string {
  const known = STATES.find((one) => one === state)
  const said = known ? say(language, `desk.editions-letter-${known}`) : state
  if (state !== 'skipped' || reason === null) return said
  return `${said}: ${reasonWords(language, reason)}`
}

/** Why a letter was not sent. */
export function reasonWords(language: string, reason: string): string {
  const why = REASONS.find((one) => one === reason)
  return why ? say(language, `desk.editions-reason-${why}`) : reason
}

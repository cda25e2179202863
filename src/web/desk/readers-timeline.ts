import { html } from 'hono/html'
import type { Instant } from '../../../db/instant.ts'
import * as accounts from '../../accounts/index.ts'
import * as explaining from '../../explaining.ts'
import { type MessageKey, say } from '../../locale.ts'
import * as subscribers from '../../subscribers/index.ts'
import type { Html } from '../pages.ts'
import { momentOf } from './moments.ts'
import type { Visit } from './routes.ts'

const SHOWN = 200

/** What happened to a reader, a line each, with who did it and what else is known. */
export async function timelineOf(visit: Visit, events: subscribers.Event[]): Promise<Html> {
  const { language } = visit
  if (events.length === 0) return html`<p class="none">${say(language, 'desk.readers-timeline-none')}</p>`
  const named = { people: await namesOf(visit), lists: await listNames(visit) }
  return html`<ol class="timeline">${events.slice(0, SHOWN).map((event) => line(visit, event, named))}</ol>`
}

/** What people and lists are called. */
type Named = { people: Map<string, string>; lists: Map<string, string> }

function line(visit: Visit, { at, what, by, list, details }: subscribers.Event, { people, lists }: Named): Html {
  const { language } = visit
  const who = by === null ? '' : say(language, 'desk.readers-by', { who: people.get(by) ?? by })
  return html`<li>${momentOf(visit, at)} <span>${explaining.happened(language, what)}${list && html` · <bdi>${lists.get(list) ?? list}</bdi>`}${who && html` · <bdi>${who}</bdi>`}</span>${more(visit, details)}</li>`
}

/** Details that have words of their own; what is of no use to people (inner numbers, ids) is not among them. */
const NAMED = ['after', 'attempts', 'before', 'day', 'digest', 'due_at', 'form', 'network', 'reason', 'reply', 'status', 'words'] // biome-ignore format: one list

/** What else is known: short words beside it, the server's answers whole. */
function more(visit: Visit, details: subscribers.Event['details']): Html | '' {
  const told = Object.entries(details).filter(
    ([key, value]) => NAMED.includes(key) && value !== null && value !== '' && value !== 0,
  )
  if (told.length === 0) return ''
  return html`<dl class="details">${told.map(([key, value]) => html`<div><dt>${say(visit.language, `desk.readers-detail-${key}` as MessageKey)}:</dt><dd dir="auto">${shownValue(visit, key, value)}</dd></div>`)}</dl>`
}

function shownValue(visit: Visit, key: string, value: unknown): Html | string {
  if (key.endsWith('_at') && typeof value === 'number') return momentOf(visit, value as Instant)
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

/** What those who did something are called. */
async function namesOf({ app, language }: Visit): Promise<Map<string, string>> {
  const people = await accounts.all(app.read)
  return new Map([
    ['reader', say(language, 'desk.readers-by-reader')],
    ...people.map((one) => [accounts.actorOf(one), one.name || one.address] as const),
  ])
}

/** What the lists are called, by the names in their addresses. */
export async function listNames({ app }: Visit): Promise<Map<string, string>> {
  return new Map((await subscribers.allLists(app.read)).map(({ slug, title }) => [slug, title]))
}

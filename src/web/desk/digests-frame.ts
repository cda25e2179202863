import { html } from 'hono/html'
import type { Permission } from '../../accounts/index.ts'
import * as accounts from '../../accounts/index.ts'
import * as digests from '../../digests/index.ts'
import { clockTime, say, weekdayName } from '../../locale.ts'
import { Problem } from '../../problem.ts'
import { city } from '../../zones.ts'
import type { Html } from '../pages.ts'
import { deskPage, pagesOf } from './frame.ts'
import { mistake } from './refusal.ts'
import type { Asking, Visit } from './routes.ts'

/** The list that a page about a digest is about; 0, which is everybody's, for a digest that is not there. */
export async function listOfDigest({ app, params }: Asking): Promise<number> {
  const slug = params['digest'] ?? ''
  if (!isSlug(slug)) return 0
  const row = await app.read.selectFrom('digest').select('list_id').where('slug', '=', slug).executeTakeFirst()
  return row?.list_id ?? 0
}

/** The digest that the address names, with its own hour, or a Problem. */
export async function named({ app, params }: Asking): Promise<digests.Place> {
  const slug = params['digest'] ?? ''
  if (!isSlug(slug)) throw new Problem('digest-not-found', { value: slug.slice(0, 60) })
  return digests.find(app.db, slug)
}

function isSlug(slug: string): boolean {
  return /^[a-z0-9-]{1,60}$/.test(slug) // PostgreSQL takes no NUL, not even to look for it
}

/** Where a digest's pages lie. */
export function pathOf({ digest }: Pick<digests.Place, 'digest'>, page = ''): string {
  return `/admin/digests/${digest.slug}${page && `/${page}`}`
}

/** Whether the visitor may do something with this digest's list. */
export function mayHere({ roles }: Visit, { digest }: Pick<digests.Place, 'digest'>, permission: Permission): boolean {
  return accounts.may(roles, permission, digest.list_id)
}

/** A page of a digest: its heading, its other pages, what went wrong. */
export async function digestPage(
  visit: Visit,
  place: digests.Place,
  body: Html,
  problem?: Problem,
): Promise<Response | Html> {
  const { c, language } = visit
  const here = `/admin/digests/${place.digest.slug}`
  const pages = [
    [here, say(language, 'desk.digests-definition')],
    [`${here}/coming`, say(language, 'desk.digests-coming')],
    [`${here}/preview`, say(language, 'desk.digests-preview')],
    [`/admin/digests/editions?digest=${place.digest.slug}`, say(language, 'desk.digests-editions')],
  ] as const
  const page = await deskPage(
    visit,
    place.digest.title,
    html`${pagesOf(say(language, 'desk.digests-pages'), c.req.path, pages)}${mistake(language, problem)}${body}`,
  )
  return problem ? c.html(page, problem.status) : page
}

/** A page again with what was refused above it: what was typed is kept. What is not there, or not allowed, is a page of its own. */
export async function mending(
  work: () => Promise<Response | Html>,
  again: (problem: Problem) => Promise<Response | Html>,
): Promise<Response | Html> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof Problem && ![401, 403].includes(error.status)) return again(error)
    throw error
  }
}

/** `8:00 in Istanbul`, and on which weekdays if not on all. */
export function hourWords(language: string, { minute, zone, weekdays }: digests.Slot): string {
  const time = clockTime((minute * 60_000) as Parameters<typeof clockTime>[0], 'UTC')
  const values = { time, place: city(zone, language) }
  if (weekdays === 127) return say(language, 'desk.digests-hour', values)
  const days = daysOf(weekdays).map((day) => weekdayName(day, language))
  const list = new Intl.ListFormat(language, { type: 'conjunction' }).format(days)
  return say(language, 'desk.digests-hour-days', { ...values, days: list })
}

/** A day of each weekday that the bits name, Monday first. */
function daysOf(weekdays: number): Temporal.PlainDate[] {
  return WEEK.filter((_, bit) => weekdays & (1 << bit))
}

/** Monday to Sunday. */
export const WEEK = [...Array(7).keys()].map((day) => Temporal.PlainDate.from('2026-11-23').add({ days: day }))

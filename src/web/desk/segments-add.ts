import { html } from 'hono/html'
import { say } from '../../locale.ts'
import { Problem } from '../../problem.ts'
import * as segments from '../../segments/index.ts'
import type { Html } from '../pages.ts'
import { area, choice, field } from './fields.ts'
import { hidden } from './frame.ts'
import { listOfForm, listsFor } from './lists-seen.ts'
import { readersPage, SEGMENTS } from './readers-page.ts'
import { mistake } from './refusal.ts'
import { type Answer, actorOf, type Route, type Visit } from './routes.ts'
import { builder, built } from './segments-builder.ts'
import { counted } from './segments-count.ts'
import { tellAt } from './told.ts'

/** Where a segment is made: looked at first, with its words and its number, then kept. */
export const addRoutes: Route[] = [
  { method: 'GET', path: `${SEGMENTS}/_add`, allow: 'list.write', list: 'any', answer: (visit) => addPage(visit) },
  { method: 'POST', path: `${SEGMENTS}/_look`, allow: 'list.write', list: listOfForm, answer: look },
  { method: 'POST', path: SEGMENTS, allow: 'list.write', list: listOfForm, answer: add },
]

type Said = { problem?: Problem; seen?: Html; rule?: string }

async function addPage(visit: Visit, { problem, seen, rule }: Said = {}): Answer {
  const { c, language, form } = visit
  const lists = await listsFor(visit, 'list.write')
  const ofRule = problem !== undefined && /^(rule|field)-/.test(problem.code)
  const page = await readersPage(
    visit,
    SEGMENTS,
    say(language, 'desk.segments-add'),
    html`${!ofRule && mistake(language, problem)}<p>${say(language, 'desk.segments-text')}</p>
<form method="post" action="${SEGMENTS}">${hidden(visit)}
${field(language, { name: 'title', label: 'desk.segments-title', value: form.get('title'), required: true, max: 200 })}
${field(language, { name: 'slug', label: 'desk.lists-slug', hint: 'desk.lists-slug-hint', dir: 'ltr', value: form.get('slug'), required: true, max: 60 })}
${choice(language, { name: 'list', label: 'desk.readers-list', value: form.get('list'), options: lists.map(({ slug, title }) => [slug, title] as const) })}
${await builder(visit)}
${ofRule && mistake(language, problem)}
${area(language, { name: 'rule', label: 'desk.segments-rule', hint: 'desk.segments-rule-hint', value: rule ?? form.get('rule') ?? '', rows: 6, dir: 'ltr', max: 10_000 })}
${seen}
<p class="deeds"><button class="second" type="submit" formaction="${SEGMENTS}/_look" formnovalidate>${say(language, 'desk.segments-look')}</button><button type="submit">${say(language, 'desk.segments-keep')}</button></p></form>`,
  )
  return problem ? c.html(page, problem.status) : page
}

/** The rule that was typed, or the one that the fields make. */
async function ruleOf(visit: Visit): Promise<string> {
  const typed = visit.form.get('rule')?.trim()
  const rule = typed || (await built(visit))
  if (!rule) throw new Problem('rule-needed')
  return rule
}

async function meant(visit: Visit, rule: string): Promise<segments.Meant> {
  const { app, form } = visit
  const lists = (await listsFor(visit, 'list.write')).map(({ slug }) => slug)
  return segments.meant(app.read, { slug: form.get('slug') ?? '', list: form.get('list') ?? '', rule }, lists)
}

async function look(visit: Visit): Answer {
  const { app, language } = visit
  return mending(visit, async () => {
    const rule = await ruleOf(visit)
    const one = await meant(visit, rule)
    const says = await segments.inWords(app.read, one, language)
    const seen = html`<div class="told" role="status"><p>${says}</p><p>${await counted(visit, one)}</p></div>`
    return addPage(visit, { seen, rule })
  })
}

async function add(visit: Visit): Answer {
  const { app, c, form } = visit
  return mending(visit, async () => {
    const rule = await ruleOf(visit)
    await meant(visit, rule) // it names no list that is not the visitor's
    const draft = {
      slug: form.get('slug')?.trim() ?? '',
      title: form.get('title') ?? '',
      list: form.get('list')!,
      rule,
    }
    const segment = await segments.add(app, actorOf(visit), draft)
    return c.redirect(tellAt(`${SEGMENTS}/${segment.slug}`, 'saved'), 303)
  })
}

async function mending(visit: Visit, work: () => Answer): Answer {
  try {
    return await work()
  } catch (problem) {
    if (problem instanceof Problem) return addPage(visit, { problem })
    throw problem
  }
}

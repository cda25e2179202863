import { html } from 'hono/html'
import * as articles from '../../articles/index.ts'
import * as digests from '../../digests/index.ts'
import { say } from '../../locale.ts'
import * as media from '../../media.ts'
import { Problem } from '../../problem.ts'
import * as sources from '../../sources/index.ts'
import * as subscribers from '../../subscribers/index.ts'
import type { Html } from '../pages.ts'
import { deskPage } from './frame.ts'
import { mistake } from './refusal.ts'
import { type Answer, actorOf, type Route, type Visit } from './routes.ts'
import { savingIdentity } from './settings.ts'
import { setRelays, setSender, triedRelays } from './settings-mail.ts'
import { done, STEPS, type Step } from './standing.ts'
import { digestForm, stepForm } from './start-steps.ts'
import { toldHere } from './told.ts'

const HERE = '/admin/start'

/** The first steps: a site or a first article, a name, a sender, a relay, a first digest. Each may be left for later. */
export const startRoutes: Route[] = [
  { method: 'GET', path: HERE, allow: 'settings.read', answer: (visit) => begin(visit) },
  { method: 'POST', path: `${HERE}/site`, allow: 'settings.write', answer: (visit) => step(visit, 'site', connect) },
  {
    method: 'POST',
    path: `${HERE}/name`,
    allow: 'settings.write',
    takes: { files: media.MOST_BYTES },
    answer: (visit) =>
      savingIdentity(visit, addressOf(nextOf('name')), (problem) => stepPage(visit, 'name', { problem })),
  },
  {
    method: 'POST',
    path: `${HERE}/sender`,
    allow: 'settings.write',
    answer: (visit) => step(visit, 'sender', setSender),
  },
  {
    method: 'POST',
    path: `${HERE}/relay`,
    allow: 'settings.write',
    answer: (visit) => step(visit, 'relay', setRelays, 'relay'),
  },
  { method: 'POST', path: `${HERE}/test`, allow: 'settings.write', answer: tryRelay },
  {
    method: 'POST',
    path: `${HERE}/digest`,
    allow: 'settings.write',
    answer: (visit) => step(visit, 'digest', promise),
  },
  { method: 'GET', path: `${HERE}/preview`, allow: 'settings.read', framed: true, answer: preview },
]

/** Where to go on after a step; undefined after the last. */
function nextOf(step: Step): Step | undefined {
  return STEPS[STEPS.indexOf(step) + 1]
}

function addressOf(step: Step | undefined): string {
  return `${HERE}?step=${step ?? 'end'}`
}

/** The step that was asked for, or the first that is open. */
async function begin(visit: Visit): Answer {
  const { app, query } = visit
  const asked = query.get('step')
  if (asked === 'end') return endPage(visit)
  const known = STEPS.find((one) => one === asked)
  if (known) return stepPage(visit, known)
  const made = await done(app)
  const open = STEPS.find((one) => !made.has(one))
  return open ? stepPage(visit, open) : endPage(visit)
}

async function stepPage(visit: Visit, step: Step, { problem, told }: { problem?: Problem; told?: Html } = {}): Answer {
  const { c, language } = visit
  const page = await deskPage(
    visit,
    say(language, 'desk.start'),
    html`${await path(visit, step)}${toldHere(visit)}
<section><h2>${say(language, `desk.start-${step}`)}</h2><p>${say(language, `desk.start-${step}-text`)}</p>
${mistake(language, problem)}${told}
${step === 'digest' ? await digestForm(visit, `${HERE}/digest`) : await stepForm(visit, step, HERE)}
<p><a class="go" href="${addressOf(nextOf(step))}">${say(language, 'desk.start-later')}</a></p></section>`,
  )
  return problem ? c.html(page, problem.status) : page
}

/** All steps, which are done, and where one is. */
async function path({ app, language }: Visit, here: Step | undefined): Promise<Html> {
  const made = await done(app)
  return html`<nav aria-label="${say(language, 'desk.start')}"><ol class="steps">${STEPS.map(
    (step) =>
      html`<li${made.has(step) && html` class="done"`}><a href="${addressOf(step)}"${step === here && html` aria-current="step"`}>${say(language, `desk.start-${step}`)}${made.has(step) && html`<span class="unseen"> ${say(language, 'desk.start-done')}</span>`}</a></li>`,
  )}</ol></nav>`
}

async function step(visit: Visit, step: Step, work: (visit: Visit) => Promise<void>, next = nextOf(step)): Answer {
  try {
    await work(visit)
    return visit.c.redirect(addressOf(next), 303)
  } catch (problem) {
    if (problem instanceof Problem) return stepPage(visit, step, { problem })
    throw problem
  }
}

/** Connects the newsroom's own site: its stories are read from now on, its newest at once. */
async function connect(visit: Visit): Promise<void> {
  const { app, form } = visit
  const typed = (form.get('url') ?? '').trim()
  const url = /^[a-z]+:\/\//i.test(typed) ? typed : `https://${typed}`
  await sources.add(app, actorOf(visit), url, { relation: 'own', first: 'news', pictures: 'keep' })
}

async function tryRelay(visit: Visit): Answer {
  try {
    return await stepPage(visit, 'relay', { told: await triedRelays(visit) })
  } catch (problem) {
    if (problem instanceof Problem) return stepPage(visit, 'relay', { problem })
    throw problem
  }
}

/** Makes a list that anybody can join, and the digest that goes to it each day. */
async function promise(visit: Visit): Promise<void> {
  const { app, form } = visit
  const title = form.get('title') ?? ''
  const at = form.get('at') ?? ''
  subscribers.minuteOf(at) // before the list is made
  const known = (await subscribers.publicLists(app.db))[0]
  const list = known ?? (await subscribers.addList(app, actorOf(visit), { slug: 'daily', title, public: true }))
  await digests.add(app, actorOf(visit), {
    ...{ slug: 'daily', title, channel: 'all', list: list.slug, at },
  })
}

async function endPage(visit: Visit): Answer {
  const { app, language } = visit
  const made = await done(app)
  const first = await app.read.selectFrom('digest').select('slug').orderBy('id').limit(1).executeTakeFirst()
  const stories = (await articles.newestId(app.read)) > 0
  return deskPage(
    visit,
    say(language, made.size === STEPS.length ? 'desk.start-end' : 'desk.start'),
    html`${await path(visit, undefined)}
<p>${say(language, made.size === STEPS.length ? 'desk.start-all' : 'desk.start-some')}</p>
<ul class="plain">
<li><a class="go" href="/subscribe">${say(language, 'desk.start-subscribe')}</a></li>
<li><a class="go" href="/admin/readers/import">${say(language, 'desk.start-import')}</a></li>
<li><a class="go" href="/admin/articles">${say(language, 'desk.start-write')}</a></li>
${first && html`<li><a class="go" href="/admin/digests">${say(language, 'desk.start-send')}</a></li>`}
</ul>
${!stories && made.has('site') && html`<p role="status" hx-get="${HERE}?step=end" hx-trigger="load delay:3s" hx-target="body">${say(language, 'desk.start-reading')}</p>`}
${first && stories && html`<section><h2>${say(language, 'desk.start-preview')}</h2><iframe class="letter" sandbox="allow-popups allow-popups-to-escape-sandbox" src="${HERE}/preview" title="${say(language, 'desk.start-preview')}"></iframe></section>`}`,
  )
}

/** The letter that would go out now, with the stories that are there. */
async function preview({ app, c }: Visit): Answer {
  const first = await app.read.selectFrom('digest').select('slug').orderBy('id').limit(1).executeTakeFirst()
  if (!first) throw new Problem('page-not-found')
  return c.html((await digests.preview(app, first.slug, {})).html)
}

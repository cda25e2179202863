import { html } from 'hono/html'
import * as deliveries from '../../deliveries/index.ts'
import { say } from '../../locale.ts'
import * as media from '../../media.ts'
import { Problem } from '../../problem.ts'
import type { Html } from '../pages.ts'
import { deskPage } from './frame.ts'
import { mistake } from './refusal.ts'
import type { Answer, Route, Visit } from './routes.ts'
import { savingIdentity } from './settings.ts'
import { answers, setRelays, setSender } from './settings-mail.ts'
import { done, type Needed, STEPS, type Step } from './standing.ts'
import { endBody, join, preview, promise } from './start-end.ts'
import { connect, writeStory } from './start-site.ts'
import { stepForm } from './start-steps.ts'
import { toldHere } from './told.ts'

const HERE = '/admin/start'
const TRIED = 'tried' // in the address of the step after the relay: a test letter was taken

/** The first steps: a site or a first article, a name, a sender, a relay, a first digest. Each may be left for later. */
export const startRoutes: Route[] = [
  { method: 'GET', path: HERE, allow: 'settings.read', answer: (visit) => begin(visit) },
  { method: 'POST', path: `${HERE}/site`, allow: 'settings.write', answer: (visit) => step(visit, 'site', connect) },
  {
    method: 'POST',
    path: `${HERE}/story`,
    allow: 'settings.write',
    answer: (visit) => step(visit, 'site', writeStory),
  },
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
  { method: 'POST', path: `${HERE}/relay`, allow: 'settings.write', answer: (visit) => tryRelay(visit, setRelays) },
  { method: 'POST', path: `${HERE}/test`, allow: 'settings.write', answer: (visit) => tryRelay(visit) },
  {
    method: 'POST',
    path: `${HERE}/digest`,
    allow: 'settings.write',
    answer: (visit) => step(visit, 'digest', promise),
  },
  { method: 'POST', path: `${HERE}/me`, allow: 'settings.write', answer: (visit) => step(visit, 'digest', join) },
  { method: 'GET', path: `${HERE}/preview`, allow: 'settings.read', framed: true, answer: preview },
  // A form's own address, as a browser's history has it.
  ...['relay', 'test'].map(
    (name): Route => ({
      ...{ method: 'GET', path: `${HERE}/${name}`, allow: 'settings.read' },
      answer: async ({ c }) => c.redirect(addressOf('relay'), 303),
    }),
  ),
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
  const { app, c, language } = visit
  const made = await done(app)
  const page = await deskPage(
    visit,
    say(language, 'desk.start'),
    html`${path(language, made, step)}${toldHere(visit)}${step === 'digest' && tried(visit)}
<section><h2>${say(language, `desk.start-${step}`)}</h2><p>${say(language, `desk.start-${step}-text`)}</p>
${mistake(language, problem)}${told}
${await stepForm(visit, step, HERE)}
<p class="on"><a class="go" href="${addressOf(nextOf(step))}">${onward(language, step, made.has(step))}</a></p></section>`,
  )
  return problem ? c.html(page, problem.status) : page
}

/** What the way on is called: it names the step that it leads to. */
function onward(language: string, step: Step, made: boolean): string {
  const next = nextOf(step)
  if (next === undefined && !made) return say(language, 'desk.start-skip')
  return say(language, made ? 'desk.start-next' : 'desk.start-later', {
    next: say(language, `desk.start-${next ?? 'end'}`),
  })
}

/** All steps, which are done, and where one is. */
function path(language: string, made: Set<Needed>, here: Step | undefined): Html {
  return html`<nav aria-label="${say(language, 'desk.start')}"><ol class="steps">${STEPS.map(
    (step) =>
      html`<li${made.has(step) && html` class="made"`}><a href="${addressOf(step)}"${step === here && html` aria-current="step"`}>${say(language, `desk.start-${step}`)}${made.has(step) && html`<span class="unseen"> ${say(language, 'desk.start-done')}</span>`}</a></li>`,
  )}</ol></nav>`
}

async function step(visit: Visit, step: Step, work: (visit: Visit) => Promise<void>): Answer {
  try {
    await work(visit)
    return visit.c.redirect(addressOf(nextOf(step)), 303)
  } catch (problem) {
    if (problem instanceof Problem) return stepPage(visit, step, { problem })
    throw problem
  }
}

/** Sends a letter to whoever asks by the relays, just set or as they are; the next step where all take it, else what they said. */
async function tryRelay(visit: Visit, set?: (visit: Visit) => Promise<void>): Answer {
  const { app, c, account, language } = visit
  try {
    await set?.(visit)
    const trials = await deliveries.tryRelays(app, account.address, language)
    if (trials.every(({ taken }) => taken)) return c.redirect(`${addressOf(nextOf('relay'))}&${TRIED}=1`, 303)
    const why = html`${answers(visit, trials)}<p>${say(language, 'desk.start-relay-refused')}</p>`
    return await stepPage(visit, 'relay', { told: why })
  } catch (problem) {
    if (problem instanceof Problem) return stepPage(visit, 'relay', { problem })
    throw problem
  }
}

function tried({ language, query, account }: Visit): Html | '' {
  if (!query.has(TRIED)) return ''
  return html`<div class="told" role="status"><p>${say(language, 'desk.start-relay-taken', { address: account.address })}</p></div>`
}

async function endPage(visit: Visit): Answer {
  const { app, language } = visit
  const { ready, body } = await endBody(visit)
  return deskPage(
    visit,
    say(language, ready ? 'desk.start-end' : 'desk.start'),
    html`${path(language, await done(app), undefined)}${toldHere(visit)}${body}`,
  )
}

import { html } from 'hono/html'
import { instant } from '../../../db/instant.ts'
import * as accounts from '../../accounts/index.ts'
import * as deliveries from '../../deliveries/index.ts'
import { percent, say, sentence } from '../../locale.ts'
import type { Html } from '../pages.ts'
import { type Look, pace } from '../progress.ts'
import { durationOf } from './digests-words.ts'
import { countOf, countPart } from './editions-count.ts'
import type { Shown } from './editions-frame.ts'
import { stateWords } from './editions-words.ts'
import { hidden } from './frame.ts'
import { momentOf } from './moments.ts'
import type { Visit } from './routes.ts'
import { machine } from './sources-words.ts'
import { number } from './table.ts'

const LOOKS = 15

/**
 * How far an edition is, and what may be done now. It asks for itself every two seconds while something may change, with what it saw
 * before in the address: the server keeps nothing of who looks.
 */
export async function progressPart(visit: Visit, shown: Shown): Promise<Html> {
  const { app, language, query } = visit
  const path = `/admin/digests/editions/${shown.public_id}`
  const counts = await deliveries.progress(app.read, shown.id)
  const now = Date.now()
  const seen = looksOf(query.get('looks') ?? '', now)
  const { rate, seconds } = pace(seen, counts, now)
  const count = shown.state === 'skipped' ? undefined : await countOf(visit, shown)
  const goes = shown.state !== 'skipped' && (shown.state !== 'done' || count?.comes === true)
  const looks = seen.map(({ at, done }) => `${at}.${done}`).join('-')
  const again = `${path}/progress?looks=${looks}&state=${shown.state}&uncertain=${counts.uncertain}`
  const wait = shown.state === 'held' ? '10s' : '2s'
  return html`<section id="progress"${goes && html` hx-get="${again}" hx-trigger="every ${wait}" hx-swap="outerHTML"`}>
<h2 id="standing">${stateWords(language, shown.state, shown.reason)}</h2>
${shown.state !== 'skipped' && html`${bar(language, counts)}${goes && shown.state === 'frozen' && (await paceWords(visit, shown, rate, seconds))}${ledger(language, path, counts)}`}
${goes && html`<noscript><p><a class="go" href="${path}">${say(language, 'desk.imports-again')}</a></p></noscript>`}
${accounts.may(visit.roles, 'edition.send', shown.list_id) && deeds(visit, path, shown)}
${count && countPart(visit, path, shown, count)}
</section>`
}

/** What was seen before, as the address has it: `<ms>.<letters>` joined by hyphens. */
function looksOf(text: string, now: number): Look[] {
  const looks = text.split('-').flatMap((one): Look[] => {
    const [, at, done] = /^(\d{1,15})\.(\d{1,12})$/.exec(one) ?? []
    return at !== undefined && Number(at) < now ? [{ at: Number(at), done: Number(done) }] : []
  })
  return looks.slice(-LOOKS)
}

function bar(language: string, { recipients, submitted, refused, skipped }: deliveries.Progress): Html {
  const done = submitted + refused + skipped
  const share = recipients === 0 ? 100 : Math.floor((done / recipients) * 100)
  return html`<p class="bar"><progress max="${recipients || 1}" value="${recipients === 0 ? 1 : done}" aria-label="${say(language, 'desk.editions-progress')}">${percent(share, language)}</progress> <span dir="ltr">${percent(share, language)}</span></p>`
}

/** How fast it goes, and until when; or why it does not go now. */
async function paceWords(visit: Visit, shown: Shown, rate: number, seconds: number | null): Promise<Html> {
  const { app, language } = visit
  const next = await deliveries.restsUntil(app.read, shown.id, instant(app.now()))
  if (next !== undefined)
    return html`<p class="small">${say(language, 'desk.editions-rests')} ${momentOf(visit, next)}</p>`
  if (seconds === null)
    return html`<p class="small">${say(language, 'desk.editions-no-pace')} ${troubleWords(visit, shown)}</p>`
  const until = durationOf(language, Math.max(1, seconds) * 1000)
  return html`<p class="small">${say(language, 'desk.editions-pace', { rate, until })}</p>`
}

/** What keeps all letters back, for those who send. */
function troubleWords({ app, language, roles }: Visit, { list_id }: Shown): Html | '' {
  const trouble = deliveries.trouble(app)
  if (!trouble || !accounts.may(roles, 'edition.send', list_id)) return ''
  return trouble.said
    ? html`${sentence(language, trouble.said)}`
    : html`${say(language, 'desk.editions-trouble')} ${machine(trouble.reason.slice(0, 200))}`
}

/** Recipients = submitted + refused + skipped + uncertain + waiting; each number leads to the letters that it counts. */
function ledger(language: string, path: string, counts: deliveries.Progress): Html {
  const parts = ['submitted', 'refused', 'skipped', 'uncertain', 'waiting'] as const
  const sum = parts.reduce((all, part) => all + counts[part], 0)
  return html`<div class="wide" role="region" aria-labelledby="standing" tabindex="0"><table class="rows sum"><tbody>
<tr><th scope="row">${say(language, 'desk.editions-recipients')}</th><td class="number"><a class="leads" id="n-all" href="${path}/deliveries?state=all">${number(language, counts.recipients)}</a></td></tr>
${parts.map((part) => html`<tr><th scope="row">${say(language, `desk.editions-${part}`)}</th><td class="number"><a class="leads" id="n-${part}" href="${path}/deliveries?state=${part}">${number(language, counts[part])}</a></td></tr>`)}
</tbody></table></div>
<p class="small">${say(language, sum === counts.recipients ? 'desk.editions-sum' : 'desk.editions-sum-amiss')}</p>`
}

function deeds(visit: Visit, path: string, { state, reason }: Shown): Html {
  const { language } = visit
  const button = (name: 'pause' | 'resume' | 'revise') =>
    html`<form method="post" action="${path}/${name}">${hidden(visit)}<button id="do-${name}" type="submit">${say(language, `desk.editions-${name}`)}</button></form>`
  return html`<div class="deeds">${state === 'frozen' && button('pause')}${state === 'held' && reason !== 'withdrawn' && button('resume')}${state === 'held' && reason === 'withdrawn' && button('revise')}</div>`
}

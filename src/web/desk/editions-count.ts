import { html } from 'hono/html'
import { instant, later } from '../../../db/instant.ts'
import * as accounts from '../../accounts/index.ts'
import * as deliveries from '../../deliveries/index.ts'
import { say } from '../../locale.ts'
import type { Html } from '../pages.ts'
import { reasonWords } from './editions-deliveries.ts'
import type { Shown } from './editions-frame.ts'
import { hidden } from './frame.ts'
import { momentOf } from './moments.ts'
import type { Visit } from './routes.ts'
import { number } from './table.ts'

const SOON = 5 * 60_000 // ms after which an edition that is done will have been counted, if anybody works

/** What is known of counting an edition's letters row by row; `comes` while a count is under way, or is to be made soon. */
export type Count = { kept: deliveries.Kept | undefined; goes: boolean; comes: boolean }

/** How it stands with counting this edition. */
export async function countOf({ app }: Visit, { id, done_at }: Shown): Promise<Count> {
  const kept = (await deliveries.verdicts(app.read, [id])).get(id)
  const goes = deliveries.isCounting(app, id)
  const fresh = done_at !== null && done_at > later(instant(app.now()), -SOON)
  return { kept, goes, comes: goes || (fresh && (kept?.counted_at ?? 0) < done_at) }
}

/** What counting every letter came to, and the button for those who send, as it is work for the machine. */
export function countPart(visit: Visit, path: string, shown: Shown, { kept, goes, comes }: Count): Html {
  const { language, roles } = visit
  const may = accounts.may(roles, 'edition.send', shown.list_id)
  return html`<div id="verdict"${kept?.outcome === 'amiss' && html` class="told"`}>${
    goes
      ? html`<p>${say(language, 'desk.editions-counting')} <a class="go" href="${path}#verdict">${say(language, 'desk.editions-counting-look')}</a></p>`
      : kept
        ? verdict(visit, kept)
        : html`<p class="small">${say(language, comes ? 'desk.editions-count-soon' : 'desk.editions-uncounted')}</p>`
  }</div>
${may && !goes && html`<form method="post" action="${path}/count">${hidden(visit)}<button class="second" id="do-count" type="submit">${say(language, 'desk.editions-count')}</button></form>`}`
}

/** What a count found; of an edition that goes on, its numbers are those of that moment. */
function verdict(visit: Visit, kept: deliveries.Kept): Html {
  const { language } = visit
  const [n, submitted, refused] = [
    number(language, kept.recipients),
    number(language, kept.submitted),
    number(language, kept.refused),
  ]
  const [skipped, uncertain, waiting] = [
    number(language, kept.skipped),
    number(language, kept.uncertain),
    number(language, kept.waiting),
  ]
  const words = kept.outcome === 'even' ? 'desk.editions-adds-up' : 'desk.editions-amiss'
  return html`<p>${say(language, words, { n })} ${momentOf(visit, kept.counted_at)}</p>
<p class="small">${say(language, 'desk.editions-count-sum', { n, submitted, refused, skipped, uncertain, waiting })}${kept.doubted > 0 && html` ${say(language, 'desk.editions-count-doubted', { n: kept.doubted })}`}</p>
${kept.reasons.length > 0 && html`<p class="small">${say(language, 'desk.editions-skipped')}: ${kept.reasons.map((one, nth) => html`${nth > 0 && ' · '}${number(language, one.n)} × ${reasonWords(language, one.reason)}`)}</p>`}`
}

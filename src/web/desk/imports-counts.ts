import { html } from 'hono/html'
import type * as importRuns from '../../import-runs/index.ts'
import { type MessageKey, say } from '../../locale.ts'
import type { Html } from '../pages.ts'
import { IMPORTS } from './readers-page.ts'
import type { Visit } from './routes.ts'

/** How a try or an import ended, by verdict, with the file of what was not taken in. */
export async function countsOf(
  { language }: Visit,
  { public_id }: importRuns.Run,
  outcome: importRuns.Progress,
  rejects: boolean,
): Promise<Html> {
  const { because, recorded } = outcome
  const rows: [MessageKey, number][] = [
    ['desk.imports-added', outcome.added],
    ['desk.imports-updated', outcome.updated],
    ['desk.imports-unchanged', outcome.unchanged],
    ['desk.imports-skipped-left', because.left],
    ['desk.imports-skipped-suppressed', because.suppressed],
    ['desk.imports-skipped-pending', because.pending],
    ['desk.imports-skipped-erased', because.erased],
    ['desk.imports-recorded-left', recorded.left],
    ['desk.imports-recorded-suppressed', recorded.suppressed],
    ['desk.imports-duplicates', outcome.duplicates],
    ['desk.imports-invalid', outcome.rejectedInAll],
  ]
  const missed = outcome.rejectedInAll + outcome.skipped
  return html`${outcome.refused && html`<p class="mistake" role="alert">${outcome.reason}</p>`}
${!outcome.refused && html`<dl class="record">${rows.filter(([, n], nth) => n > 0 || nth < 3).map(([name, n]) => html`<div><dt>${say(language, name)}</dt><dd class="number">${n}</dd></div>`)}</dl>`}
${rejects && missed > 0 && html`<p><a class="go" href="${IMPORTS}/${public_id}/rejects.csv">${say(language, 'desk.imports-rejects')}</a></p>`}`
}

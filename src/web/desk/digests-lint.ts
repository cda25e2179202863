import { html } from 'hono/html'
import type * as digests from '../../digests/index.ts'
import * as letters from '../../letters/index.ts'
import { say } from '../../locale.ts'
import * as site from '../../site.ts'
import type { Html } from '../pages.ts'
import type { Visit } from './routes.ts'

/** What a letter weighs and what it would stumble over, in words. */
export async function lintPanel({ app, language }: Visit, { eml, html: body, text }: digests.Preview): Promise<Html> {
  const { postal_address } = await site.show(app, app.read)
  const letter = { source: eml.toString('latin1'), html: body, text }
  const findings = letters.lint(letter, { postalAddress: postal_address })
  const weight = say(language, 'desk.digests-weight', {
    kilobytes: Math.ceil(Buffer.byteLength(body || text) / 1024),
    most: letters.CLIP / 1024,
  })
  return html`<section aria-labelledby="lint"><h2 id="lint">${say(language, 'desk.digests-lint')}</h2>
<p>${weight}</p>
${findings.length === 0 ? html`<p>${say(language, 'desk.digests-lint-none')}</p>` : html`<ul class="lint">${findings.map((one) => item(language, one))}</ul>`}</section>`
}

function item(language: string, { about, n, examples }: letters.Finding): Html {
  const named = examples.filter((example) => example !== '' && about !== 'size')
  return html`<li>${say(language, `desk.digests-lint-${about}`, { n })}${named.length > 0 && html`<span class="small">${named.map((example) => html`<bdi>${example}</bdi><br>`)}</span>`}</li>`
}

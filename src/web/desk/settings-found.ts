import { html } from 'hono/html'
import type * as doctor from '../../doctor/index.ts'
import { say } from '../../locale.ts'
import type { Html } from '../pages.ts'

const MARKS = { ok: '✓', warn: '!', fail: '✗' }

/** What was found in DNS, in words: what it says, what that means, what to do. */
export function foundIn(language: string, findings: doctor.Finding[]): Html {
  return html`<div class="told" role="status"><h2>${say(language, 'desk.found')}</h2>${
    findings.length === 0
      ? html`<p>${say(language, 'desk.found-nothing')}</p>`
      : html`<ul class="findings">${findings.map((finding) => line(language, finding))}</ul>`
  }</div>`
}

function line(language: string, { check, state, code, values = {} }: doctor.Finding): Html {
  const { record = values['value'], ...others } = values
  return html`<li class="${state}"><p><b>${MARKS[state]} <bdi>${check.replace(' key', '')}</bdi></b>: ${code && say(language, `desk.found-${code}`, isolated(others))}</p>${record !== undefined && html`<p><code dir="ltr">${record}</code></p>`}</li>`
}

/** Names run from left to right within words of either direction. */
function isolated(values: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, `\u2066${value}\u2069`]))
}

/** All that the doctor finds, in its own words. */
export function foundOfAll(findings: doctor.Finding[]): Html {
  return html`<div class="told" role="status"><ul class="findings" dir="ltr" lang="en">${findings.map(
    ({ check, state, says, todo }) =>
      html`<li class="${state}"><p><b>${MARKS[state]} ${check}</b>: ${says}</p>${todo && html`<p class="small">${todo}</p>`}</li>`,
  )}</ul></div>`
}

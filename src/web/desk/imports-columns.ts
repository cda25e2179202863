import { html } from 'hono/html'
import * as importRuns from '../../import-runs/index.ts'
import { say, sentence } from '../../locale.ts'
import { Problem } from '../../problem.ts'
import * as subscribers from '../../subscribers/index.ts'
import type { Html } from '../pages.ts'
import { hidden } from './frame.ts'
import { IMPORTS } from './readers-page.ts'
import type { Visit } from './routes.ts'

/** What a column may be about, as far as the form asks. */
const FIELDS = ['email', 'name', 'first_name', 'last_name', 'language', 'format', 'zone', 'state'] as const
const CHARSETS = ['utf-8', 'windows-1256', 'windows-1254', 'windows-1252', 'utf-16le', 'utf-16be']
const DELIMITERS = [',', ';', '\t', '|']
const NOWHERE = '-'
const SHOWN = 5 // files whose rows are shown: a ZIP may hold many

/** How the files look, and which column is about what: guessed, to be put right. */
export async function columnsForm(visit: Visit, run: importRuns.Run, action: string, first: boolean): Promise<Html> {
  const { app, language } = visit
  const choices = importRuns.choicesOf(run)
  const declared = await subscribers.fields(app.read)
  const samples = await samplesOf(visit, run, choices)
  if (samples instanceof Problem) return html`<p class="mistake" role="alert">${sentence(language, samples)}</p>`
  if (samples.every(({ columns }) => columns.length === 0))
    return html`${samples.slice(0, SHOWN).map((one) => sampleTable(language, one))}<p><a class="go" href="${IMPORTS}">${say(language, 'desk.imports-bring-other')}</a></p>`
  const columns = [...new Set(samples.flatMap((one) => one.columns))].slice(0, 200)
  const fields = [
    ...FIELDS.map((name) => [name, say(language, `desk.imports-field-${name}`)] as const),
    ...declared.map(({ name, title }) => [name, title] as const),
  ]
  const found = Object.assign({}, ...samples.map(({ names }) => names)) as Record<string, string>
  return html`${samples.slice(0, SHOWN).map((one) => sampleTable(language, one))}
<h2>${say(language, 'desk.imports-columns')}</h2>
<form method="post" action="${action}">${hidden(visit)}<p>${say(language, 'desk.imports-columns-text')}</p><div class="beside">
${fields.map(([name, words]) => select(`map-${name}`, words, choices.map[name], [['', guessed(language, found[name])], [NOWHERE, say(language, 'desk.imports-nowhere')], ...columns.map((one) => [one, one] as const)]))}
${select('from', say(language, 'desk.imports-from'), choices.from, [['', say(language, 'desk.imports-as-it-looks')], ...subscribers.ORIGINS.map((one) => [one, one] as const)])}
${select('charset', say(language, 'desk.imports-charset'), choices.charset, [['', say(language, 'desk.imports-as-it-looks')], ...CHARSETS.map((one) => [one, one] as const)])}
${select('delimiter', say(language, 'desk.imports-delimiter'), choices.delimiter, [['', say(language, 'desk.imports-as-it-looks')], ...DELIMITERS.map((one) => [one, one === '\t' ? say(language, 'desk.imports-tab') : one] as const)])}
</div><p><button${!first && html` class="second"`} type="submit">${say(language, first ? 'desk.imports-try' : 'desk.imports-try-again')}</button></p></form>`
}

function guessed(language: string, column: string | undefined): string {
  return column ? say(language, 'desk.imports-guessed', { column }) : say(language, 'desk.imports-guessed-none')
}

async function samplesOf(
  { app, language }: Visit,
  run: importRuns.Run,
  { map, from, charset, delimiter }: importRuns.Choices,
): Promise<subscribers.Sample[] | Problem> {
  try {
    const files = await importRuns.filesOf(app.config, run)
    const reading = { map, ...(from && { from }), ...(charset && { charset }), ...(delimiter && { delimiter }) }
    return await subscribers.sample(app.read, files.slice(0, SHOWN), { ...reading, language })
  } catch (problem) {
    if (problem instanceof Problem) return problem
    throw problem
  }
}

function sampleTable(language: string, { file, columns, rows, trouble }: subscribers.Sample): Html {
  return html`<h2><bdi>${file}</bdi></h2>${trouble && html`<p class="mistake" role="alert">${subscribers.atDesk(language, trouble.code, trouble.values)}</p>`}
${
  columns.length > 0 &&
  html`<div class="wide" role="region" aria-label="${file}" tabindex="0"><table class="rows"><thead><tr>${columns.map((name) => html`<th scope="col"><bdi>${name}</bdi></th>`)}</tr></thead>
<tbody>${rows.map((cells) => html`<tr>${cells.map((text) => html`<td><bdi>${text}</bdi></td>`)}</tr>`)}</tbody></table></div>`
}`
}

/** A choice whose label is not ours alone: declared fields have titles of the newsroom's. */
function select(
  name: string,
  label: string,
  value: string | undefined,
  options: readonly (readonly [value: string, words: string])[],
): Html {
  const known = value === undefined || options.some(([one]) => one === value)
  const all = known ? options : [...options, [value, value] as const]
  return html`<p><label for="${name}"><bdi>${label}</bdi></label><select id="${name}" name="${name}">${all.map(([key, words]) => html`<option value="${key}"${key === (value ?? '') && html` selected`}>${words}</option>`)}</select></p>`
}

/** What the form says, checked; a Problem where it says what cannot be. */
export async function columnsTyped({ app, form, language }: Visit, run: importRuns.Run): Promise<importRuns.Choices> {
  const declared = (await subscribers.fields(app.read)).map(({ name }) => name)
  const words = [...FIELDS, ...declared].flatMap((name) => {
    const column = form.get(`map-${name}`)
    return column ? [`${name}=${column}`] : []
  })
  const [from, charset, delimiter] = ['from', 'charset', 'delimiter'].map((name) => form.get(name) ?? '')
  const origin = subscribers.ORIGINS.find((one) => one === from)
  if ((from && !origin) || (charset && !CHARSETS.includes(charset)) || (delimiter && !DELIMITERS.includes(delimiter)))
    throw new Problem('bad-form')
  return {
    ...{ map: subscribers.readMapping(words, declared), language: language || importRuns.choicesOf(run).language },
    ...(origin && { from: origin }),
    ...(charset && { charset }),
    ...(delimiter && { delimiter }),
  }
}

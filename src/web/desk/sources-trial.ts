import { html } from 'hono/html'
import { direction, say } from '../../locale.ts'
import type * as sources from '../../sources/index.ts'
import type { Html } from '../pages.ts'
import { momentOf } from './moments.ts'
import type { Visit } from './routes.ts'
import { datesRead } from './sources-reading.ts'
import { facts, machine } from './sources-words.ts'

/** What a test read brought: where the stories are, how they were understood, the newest of them, and what gives cause for doubt. */
export function shownTrial(visit: Visit, trial: sources.Trial): Html {
  const { language } = visit
  const { url, way, title, n, notes } = trial
  return html`<section class="trial"><h2>${say(language, 'desk.sources-trial')}</h2>
<p>${say(language, 'desk.sources-trial-text')}</p>
${facts([
  [say(language, 'desk.sources-found'), way && say(language, `desk.sources-way-${way}`)],
  [say(language, 'desk.sources-read-at'), html`<bdi dir="ltr">${url}</bdi>`],
  [say(language, 'desk.sources-title'), title && html`<bdi>${title}</bdi>`],
  [say(language, 'desk.sources-gives'), n],
  [
    say(language, 'desk.sources-charset'),
    notes && html`<bdi dir="ltr">${notes.charset.name}</bdi> · ${machine(notes.charset.why)}`,
  ],
])}
${warnings(visit, trial)}${newest(visit, trial)}
${notes && datesRead(visit, notes.dates)}${others(visit, trial)}</section>`
}

function warnings({ language }: Visit, { n, undated, textless, notes, items }: sources.Trial): Html | '' {
  const ours = [
    n === 0 && say(language, 'desk.sources-warn-empty'),
    undated > 0 && say(language, 'desk.sources-warn-undated', { n: undated }),
    textless > 0 && say(language, 'desk.sources-warn-textless', { n: textless }),
    items.length > 0 && items.every(({ url }) => url === undefined) && say(language, 'desk.sources-warn-linkless'),
  ].filter((one) => one !== false)
  const theirs = [
    ...(notes?.mended ?? []),
    ...(notes?.dropped ?? []).map(({ reason, n: many }) => `${reason} (${many})`),
  ]
  if (ours.length + theirs.length === 0) return ''
  return html`<h3>${say(language, 'desk.sources-warnings')}</h3><ul class="plain">${ours.map((one) => html`<li>${one}</li>`)}${theirs.map((one) => html`<li>${machine(one)}</li>`)}</ul>`
}

function newest(visit: Visit, { items }: sources.Trial): Html | '' {
  const { language } = visit
  if (items.length === 0) return ''
  return html`<h3>${say(language, 'desk.sources-newest')}</h3><ol class="plain found">${items.map(
    (
      item,
    ) => html`<li><div lang="${item.language}" dir="${direction(item.language)}"><b>${item.title}</b><p>${item.excerpt}</p></div>
<span class="small">${item.published_at === undefined ? say(language, 'desk.sources-dateless') : momentOf(visit, item.published_at)} · <bdi dir="ltr">${item.language}</bdi>${item.section && html` · <bdi>${item.section}</bdi>`}</span></li>`,
  )}</ol>`
}

/** Other feeds of the same site: each can be read instead. */
function others({ language }: Visit, { others }: sources.Trial): Html | '' {
  if (others.length === 0) return ''
  return html`<h3>${say(language, 'desk.sources-others')}</h3><ul class="plain others">${others
    .slice(0, 12)
    .map(
      ({ url, title }) =>
        html`<li><button class="plain" type="submit" name="instead" value="${url}">${say(language, 'desk.sources-instead', { title: title || url })}</button> <bdi class="small" dir="ltr">${url}</bdi></li>`,
    )}</ul>`
}

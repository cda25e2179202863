import { html } from 'hono/html'
import { instant } from '../../../db/instant.ts'
import * as digests from '../../digests/index.ts'
import { say } from '../../locale.ts'
import { city } from '../../zones.ts'
import type { Html } from '../pages.ts'
import { digestPage, hourWords, listOfDigest, mayHere, named, pathOf } from './digests-frame.ts'
import { durationOf } from './digests-words.ts'
import { fromNow, momentOf } from './moments.ts'
import type { Answer, Route, Visit } from './routes.ts'
import { toldHere } from './told.ts'

/** What a digest promises, and when it comes next. */
export const definitionRoutes: Route[] = [
  { method: 'GET', path: '/admin/digests/:digest', allow: 'digest.read', list: listOfDigest, answer: definition },
]

async function definition(visit: Visit): Answer {
  const { language } = visit
  const place = await named(visit)
  return digestPage(
    visit,
    place,
    html`${toldHere(visit)}
<dl class="facts">${(await facts(visit, place)).map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>
${mayHere(visit, place, 'digest.write') && html`<p><a class="act" href="${pathOf(place, 'change')}">${say(language, 'desk.digests-change')}</a></p>`}
${nextRuns(visit, place)}`,
  )
}

async function facts({ app, language }: Visit, { digest, slot }: digests.Place): Promise<[string, Html | string][]> {
  const row = await app.read
    .selectFrom('digest')
    .innerJoin('channel', 'channel.id', 'digest.channel_id')
    .innerJoin('list', 'list.id', 'digest.list_id')
    .leftJoin('segment', 'segment.id', 'digest.segment_id')
    .select(['channel.title as channel', 'list.title as list', 'segment.title as segment'])
    .where('digest.id', '=', digest.id)
    .executeTakeFirstOrThrow()
  const whole = say(language, 'desk.digests-whole')
  return [
    [say(language, 'desk.digests-slug'), html`<code dir="ltr">${digest.slug}</code>`],
    [say(language, 'desk.digests-channel'), html`<bdi>${row.channel || say(language, 'page.all-news')}</bdi>`],
    [say(language, 'desk.digests-list'), html`<bdi>${row.list}</bdi>`],
    [say(language, 'desk.digests-segment'), row.segment === null ? whole : html`<bdi>${row.segment}</bdi>`],
    [say(language, 'desk.digests-time'), hourWords(language, slot)],
    [say(language, 'desk.digests-max'), String(digest.max)],
    [say(language, 'desk.digests-min'), String(digest.min)],
    [say(language, 'desk.digests-max-age'), durationOf(language, digest.max_age)],
    [say(language, 'desk.digests-late'), durationOf(language, digest.late)],
  ]
}

/** The next five, where the list is and where the visitor is. */
function nextRuns(visit: Visit, { slot }: digests.Place): Html {
  const { app, language, zone } = visit
  const runs = digests.runs(slot, instant(app.now()))
  return html`<h2 id="runs">${say(language, 'desk.digests-runs')}</h2>
<div class="wide" role="region" aria-labelledby="runs" tabindex="0"><table class="rows"><thead><tr><th scope="col">${say(language, 'desk.digests-there')} <bdi class="small">${city(slot.zone, language)}</bdi></th><th scope="col">${say(language, 'desk.digests-here')} <bdi class="small">${city(zone, language)}</bdi></th><td></td></tr></thead>
<tbody>${runs.map(({ at }) => html`<tr><td>${momentOf({ language, zone: slot.zone }, at)}</td><td>${momentOf(visit, at)}</td><td>${fromNow(visit, at)}</td></tr>`)}</tbody></table></div>`
}

import { html } from 'hono/html'
import * as backups from '../../backups/index.ts'
import { say } from '../../locale.ts'
import { hidden } from './frame.ts'
import { momentOf } from './moments.ts'
import { mistake } from './refusal.ts'
import { type Answer, actorOf, type Route, type Visit } from './routes.ts'
import { settingsPage } from './settings-page.ts'
import { type Column, table } from './table.ts'
import { tellAt } from './told.ts'

const HERE = '/admin/settings/keeping'

/** What is kept for how long, and the backups. */
export const keepingRoutes: Route[] = [
  { method: 'GET', path: HERE, allow: 'settings.read', answer: keepingPage },
  { method: 'POST', path: `${HERE}/backup`, allow: 'settings.write', answer: backUp },
]

const KEPT = [
  'desk.settings-kept-readers',
  'desk.settings-kept-letters',
  'desk.settings-kept-imports',
  'desk.settings-kept-polls',
  'desk.settings-kept-sessions',
] as const

async function keepingPage(visit: Visit): Answer {
  const { app, language } = visit
  const columns: Column<backups.Kept>[] = [
    { name: 'desk.settings-backup-file', cell: ({ name }) => html`<bdi dir="ltr">${name}</bdi>` },
    { name: 'desk.settings-backup-made', cell: ({ at }) => momentOf(visit, at) },
    { name: 'desk.settings-backup-size', cell: ({ bytes }) => `${(bytes / 1e6).toFixed(1)} MB`, number: true },
  ]
  const state = backups.byHand(app)
  return settingsPage(
    visit,
    HERE,
    html`${mistake(language, state?.state === 'failed' ? state.problem : undefined)}
<section><h2>${say(language, 'desk.settings-backups')}</h2>
<p>${say(language, 'desk.settings-backups-text', { folder: backups.folderOf(app) })}</p>
${
  state?.state === 'running'
    ? html`<p role="status" hx-get="${HERE}" hx-trigger="load delay:2s" hx-target="body">${say(language, 'desk.settings-backup-running')}</p>`
    : html`<form method="post" action="${HERE}/backup">${hidden(visit)}<p><button type="submit">${say(language, 'desk.settings-backup-now')}</button></p></form>`
}
${table(visit, { rows: await backups.kept(app), columns, caption: say(language, 'desk.settings-backups'), empty: say(language, 'desk.settings-backups-none') })}</section>
<section><h2>${say(language, 'desk.settings-kept')}</h2><ul class="plain">${KEPT.map((key) => html`<li>${say(language, key)}</li>`)}</ul></section>`,
  )
}

async function backUp(visit: Visit): Answer {
  void backups.begin(visit.app, actorOf(visit)) // the page tells how it ends
  return visit.c.redirect(tellAt(HERE, 'done'), 303)
}

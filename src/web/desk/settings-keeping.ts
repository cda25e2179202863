import { html } from 'hono/html'
import * as backups from '../../backups/index.ts'
import { type MessageKey, say } from '../../locale.ts'
import * as retention from '../../retention.ts'
import type { Html } from '../pages.ts'
import { hidden } from './frame.ts'
import { momentOf } from './moments.ts'
import { mistake } from './refusal.ts'
import { type Answer, actorOf, type Route, type Visit } from './routes.ts'
import { settingsPage } from './settings-page.ts'
import { type Column, table } from './table.ts'

const HERE = '/admin/settings/keeping'
const RESTORE = ['systemctl stop nashra', 'nashra restore …/nightly-….tar.gz', 'nashra doctor --adopt', 'systemctl start nashra'] // biome-ignore format: one list

/** The backups that there are, one more now, and the way back. */
export const keepingRoutes: Route[] = [
  { method: 'GET', path: HERE, allow: 'settings.read', answer: keepingPage },
  { method: 'POST', path: `${HERE}/backup`, allow: 'settings.write', answer: backUp },
]

async function keepingPage(visit: Visit): Answer {
  const { app, language } = visit
  const nights = (await retention.of(app, app.read, 'backups')) ?? 0
  return settingsPage(
    visit,
    HERE,
    html`<p>${say(language, 'desk.settings-backups-text', { n: nights })}</p>
<p>${say(language, 'desk.settings-backups-where')} <code dir="ltr">${backups.folderOf(app)}</code></p>
${await standing(visit)}
<section><h2>${say(language, 'desk.settings-restore')}</h2><p>${say(language, 'desk.settings-restore-text')}</p>
<pre dir="ltr">${RESTORE.join('\n')}</pre><p class="small">${say(language, 'desk.settings-restore-more')}</p></section>`,
  )
}

/** How the backup stands that was asked for, and those that there are; looked at anew while one is being made. */
async function standing(visit: Visit): Promise<Html> {
  const { app, language } = visit
  const now = backups.byHand(app)
  const rows = await backups.kept(app)
  const columns: Column<backups.Kept>[] = [
    { name: 'desk.settings-backup-file', cell: ({ name }) => html`<bdi dir="ltr">${name}</bdi>` },
    { name: 'desk.settings-backup-kind', cell: ({ name }) => say(language, kindOf(name)) },
    { name: 'desk.settings-backup-made', cell: ({ at }) => momentOf(visit, at) },
    { name: 'desk.settings-backup-size', cell: ({ bytes }) => sizeOf(bytes), number: true },
  ]
  const again =
    now?.state === 'running' &&
    html` hx-get="${HERE}" hx-trigger="load delay:2s" hx-select="#backups" hx-swap="outerHTML"`
  return html`<div id="backups"${again}>${told(visit, now)}
${now?.state !== 'running' && html`<form method="post" action="${HERE}/backup">${hidden(visit)}<p><button type="submit">${say(language, 'desk.settings-backup-now')}</button></p></form>`}
<p class="small">${await room(visit, rows)}</p>
${table(visit, { rows, columns, caption: say(language, 'desk.settings-backups'), empty: say(language, 'desk.settings-backups-none') })}</div>`
}

function told({ language }: Visit, now: backups.ByHand | undefined): Html | '' {
  if (now === undefined) return ''
  if (now.state === 'failed') return mistake(language, now.problem)
  if (now.state === 'done')
    return html`<div class="told" role="status"><p>${say(language, 'desk.settings-backup-done')} <bdi dir="ltr">${now.name}</bdi> · ${sizeOf(now.bytes)}</p></div>`
  return html`<div class="told" role="status"><p>${say(language, 'desk.settings-backup-running')} ${stepIn(language, now.step)}</p><p><a href="${HERE}">${say(language, 'desk.settings-backup-look')}</a></p></div>`
}

function stepIn(language: string, step: backups.Step): string {
  if (step.part !== 'pictures') return say(language, `desk.settings-backup-${step.part}`)
  return say(language, 'desk.settings-backup-pictures', { done: step.done + 1, total: step.total })
}

/** How much is free, and whether the next one may not fit. */
async function room({ app, language }: Visit, rows: backups.Kept[]): Promise<string> {
  const free = await backups.free(app)
  if (free === undefined) return ''
  const largest = Math.max(0, ...rows.map(({ bytes }) => bytes))
  return say(language, free < 2 * largest ? 'desk.settings-backup-tight' : 'desk.settings-backup-free', {
    free: sizeOf(free),
  })
}

function kindOf(name: string): MessageKey {
  if (name.startsWith('nightly-')) return 'desk.settings-backup-nightly'
  return name.startsWith('before-') ? 'desk.settings-backup-before' : 'desk.settings-backup-desk'
}

/** `240 kB`, `1.2 MB`, `3.4 GB`: as one unit whatever direction the words around it run. */
function sizeOf(bytes: number): string {
  if (bytes < 1e6) return `\u2066${Math.ceil(bytes / 1000)} kB\u2069`
  return `\u2066${bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(1)} GB`}\u2069`
}

/** The page tells how it goes and how it ends. */
async function backUp(visit: Visit): Answer {
  void backups.begin(visit.app, actorOf(visit))
  return visit.c.redirect(HERE, 303)
}

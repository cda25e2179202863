import { setImmediate } from 'node:timers/promises'
import { html } from 'hono/html'
import { instant } from '../../../db/instant.ts'
import * as accounts from '../../accounts/index.ts'
import * as articles from '../../articles/index.ts'
import * as channels from '../../channels.ts'
import * as feedReaders from '../../feed-readers.ts'
import { say } from '../../locale.ts'
import { nameOf } from './channels-form.ts'
import { healthCell, healthPage } from './channels-health.ts'
import { makeChannel, newChannelPage } from './channels-new.ts'
import { channelPage, saveChannel, undoChange } from './channels-page.ts'
import { answerPreview } from './channels-preview.ts'
import { deskPage } from './frame.ts'
import type { Answer, Route, Visit } from './routes.ts'
import { afterIn, type Column, table } from './table.ts'

const HERE = '/admin/channels'
const PAGE = 50

/** The channels: which articles each takes, and whether its feeds are well. */
export const channelRoutes: Route[] = [
  { method: 'GET', path: HERE, allow: 'channel.read', answer: room },
  // Two words deep, since every single word may be a channel's slug.
  { method: 'GET', path: `${HERE}/new/channel`, allow: 'channel.write', answer: (visit) => newChannelPage(visit) },
  { method: 'POST', path: `${HERE}/new/channel`, allow: 'channel.write', answer: makeChannel },
  { method: 'POST', path: `${HERE}/new/preview`, allow: 'channel.write', answer: answerPreview },
  { method: 'GET', path: `${HERE}/:slug`, allow: 'channel.read', answer: (visit) => channelPage(visit) },
  { method: 'POST', path: `${HERE}/:slug`, allow: 'channel.write', answer: saveChannel },
  { method: 'POST', path: `${HERE}/:slug/undo`, allow: 'channel.write', answer: undoChange },
  { method: 'GET', path: `${HERE}/:slug/health`, allow: 'channel.read', answer: healthPage },
]

type Row = channels.Channel & { entries: number; readers: number }

async function room(visit: Visit): Answer {
  const { app, language, roles } = visit
  const all = await channels.all(app.read)
  const after = afterIn(visit) ?? 0
  const page = all.filter(({ id }) => id > after).slice(0, PAGE)
  const columns: Column<Row>[] = [
    {
      name: 'desk.channels-title',
      cell: ({ slug, title }) => html`<a href="${HERE}/${slug}"><bdi>${nameOf(language, { title })}</bdi></a>`,
    },
    { name: 'desk.channels-address', cell: ({ slug }) => html`<bdi dir="ltr">/c/${slug}</bdi>` },
    { name: 'desk.channels-stories', cell: ({ entries }) => entries, number: true },
    { name: 'desk.channels-readers', cell: ({ readers }) => readers, number: true },
    { name: 'desk.channels-health', cell: (channel) => healthCell(visit, channel) },
  ]
  return deskPage(
    visit,
    say(language, 'desk.channels'),
    html`<p>${say(language, 'desk.channels-text')}</p>
${accounts.may(roles, 'channel.write') && html`<p><a class="act" href="${HERE}/new/channel">${say(language, 'desk.channels-new')}</a></p>`}
${table(visit, {
  ...{ rows: await counted(visit, page), columns, caption: say(language, 'desk.channels'), empty: '' },
  after: all.at(-1)!.id > (page.at(-1)?.id ?? Number.POSITIVE_INFINITY) ? String(page.at(-1)!.id) : undefined,
})}`,
  )
}

/** The channels of a page with what their feeds hold, which is no more than their size, and who asked for them. */
async function counted({ app }: Visit, page: channels.Channel[]): Promise<Row[]> {
  const stats = new Map((await feedReaders.stats(app)).map(({ feed, readers }) => [feed, readers]))
  const rows: Row[] = []
  for (const channel of page) {
    await setImmediate() // SQLite answers at once: others have their turn between two channels
    const filter = await channels.sized(app.read, channels.filterOf(channel))
    const passing = await articles.count(app.read, { filter, now: instant(app.now()), most: channel.size })
    rows.push({ ...channel, entries: Math.min(passing, channel.size), readers: stats.get(channel.slug) ?? 0 })
  }
  return rows
}

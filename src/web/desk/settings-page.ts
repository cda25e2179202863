import { html } from 'hono/html'
import { say } from '../../locale.ts'
import * as media from '../../media.ts'
import * as site from '../../site.ts'
import type { Html } from '../pages.ts'
import { deskPage, pagesOf } from './frame.ts'
import type { Visit } from './routes.ts'
import { toldHere } from './told.ts'

const PAGES = [
  ['/admin/settings', 'desk.settings-identity'],
  ['/admin/settings/pages', 'desk.settings-pages'],
  ['/admin/settings/mail', 'desk.settings-mail'],
  ['/admin/settings/keys', 'desk.settings-keys'],
  ['/admin/settings/languages', 'desk.languages'],
  ['/admin/settings/retention', 'desk.retention'],
  ['/admin/settings/keeping', 'desk.settings-keeping'],
  ['/admin/settings/trail', 'desk.trail'],
] as const

/** A page of the settings, below the names of all of them. */
export function settingsPage(visit: Visit, here: string, body: Html): Promise<Html> {
  const { language } = visit
  const title = say(language, 'desk.settings')
  const named = PAGES.map(([path, key]) => [path, say(language, key)] as const)
  return deskPage(visit, title, html`${pagesOf(title, here, named)}${toldHere(visit)}${body}`)
}

/** The logo as it is now. */
export async function logoOf({ app, language }: Visit): Promise<Html | ''> {
  const { logo_id } = await site.show(app, app.read)
  if (logo_id === null) return ''
  const variant = media.nearest((await media.pictures(app.read, [logo_id])).get(logo_id)!, 320)
  return html`<p><img class="logo" src="/m/${variant.file}" width="${variant.width}" height="${variant.height}" alt="${say(language, 'desk.settings-logo-now')}"></p>`
}

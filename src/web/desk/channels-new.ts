import { html } from 'hono/html'
import * as channels from '../../channels.ts'
import { say } from '../../locale.ts'
import { Problem } from '../../problem.ts'
import { channelFields, read } from './channels-form.ts'
import { live, preview } from './channels-preview.ts'
import { field } from './fields.ts'
import { deskPage, hidden } from './frame.ts'
import { mistake } from './refusal.ts'
import { type Answer, actorOf, type Visit } from './routes.ts'
import { tellAt } from './told.ts'

const HERE = '/admin/channels/new/channel'

/** The form of a channel that is to be. */
export async function newChannelPage(visit: Visit, problem?: Problem): Answer {
  const { c, language, form } = visit
  const page = await deskPage(
    visit,
    say(language, 'desk.channels-new'),
    html`${mistake(language, problem)}<div class="beside"><form method="post" action="${HERE}">${hidden(visit)}
${field(language, { name: 'slug', label: 'desk.channels-slug', hint: 'desk.channels-slug-hint', value: form.get('slug') ?? '', dir: 'ltr', max: 60, required: true })}
${await channelFields(visit, { slug: '', title: '', filter: {} })}
${live(visit)}</form>
${await preview(visit, read(visit).filter)}</div>`,
  )
  return problem ? c.html(page, problem.status) : page
}

/** Makes it, or with the other button shows what would pass. */
export async function makeChannel(visit: Visit): Answer {
  const { app, c, form } = visit
  if (form.has('look')) return newChannelPage(visit)
  try {
    const { slug } = await channels.add(app, actorOf(visit), {
      ...read(visit),
      title: form.get('title') ?? '',
      slug: form.get('slug') ?? '',
    })
    return c.redirect(tellAt(`/admin/channels/${slug}`, 'saved'), 303)
  } catch (error) {
    if (error instanceof Problem) return newChannelPage(visit, error)
    throw error
  }
}

import { instant } from '../../db/instant.ts'
import { masked } from '../address.ts'
import type { App } from '../app.ts'
import * as digests from '../digests/index.ts'
import { Problem } from '../problem.ts'
import * as subscribers from '../subscribers/index.ts'
import { clientNetwork } from './client.ts'
import { paper } from './pages.ts'
import { erasedPage, erasePage, preferencesPage } from './preference-pages.ts'
import type { Reader } from './reader.ts'
import { pause, prefer, zoneOf } from './wish-deeds.ts'
import { sectionsOf, typedWishes } from './wish-fields.ts'

type Deed = (app: App, of: subscribers.Preferences, form: URLSearchParams, network: string) => Promise<void>

const DEEDS: Record<string, Deed> = {
  wishes: (app, of, form) => prefer(app, of, subscribers.readWishes(typedWishes(form))),
  // Only what the page showed: a list that was joined elsewhere meanwhile is not left by it.
  lists: (app, of, form, network) => {
    const join = form.getAll('list')
    const leave = form.getAll('shown').filter((slug) => !join.includes(slug))
    return subscribers.chooseLists(app, of, { join, leave }, network)
  },
  pause: async (app, of, form) => pause(app, of, await zoneOf(app, of), form.get('until') ?? ''),
  resume: async (app, of) => pause(app, of, await zoneOf(app, of), null),
}

/** The preference centre: behind a signed link, without a password. */
export function preferring(app: App, pages: Reader): void {
  pages.get('/preferences/erased', async (c) => c.html(erasedPage(await paper(app), c.req.query('lang'))))
  pages.get('/preferences/:token', async (c) => {
    const preferences = await subscribers.readPreferences(app, c.req.param('token'))
    return c.html(await shown(app, preferences, { saved: c.req.query('saved') !== undefined }))
  })
  pages.post('/preferences/:token', async (c) => {
    const token = c.req.param('token')
    const preferences = await subscribers.readPreferences(app, token)
    c.set('language', preferences.subscription.language)
    const form = new URLSearchParams(await c.req.text())
    const act = form.get('do') ?? ''
    if (!Object.hasOwn(DEEDS, act)) throw new Problem('bad-form')
    try {
      await DEEDS[act]!(app, preferences, form, clientNetwork(c, app.config))
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem
      return c.html(await shown(app, preferences, { problem }), problem.status)
    }
    return c.redirect(`/preferences/${token}?saved=1`, 303)
  })
  pages.get('/preferences/:token/data', async (c) => {
    const { address_hash } = await subscribers.readPreferences(app, c.req.param('token'))
    c.header('Content-Disposition', 'attachment; filename="my-data.json"')
    return c.json(await subscribers.dataOf(app.read, address_hash))
  })
  erasing(app, pages)
}

function erasing(app: App, pages: Reader): void {
  pages.get('/preferences/:token/erase', async (c) => {
    const { subscription, address } = await subscribers.readPreferences(app, c.req.param('token'))
    return c.html(erasePage(await paper(app), subscription.language, masked(address)))
  })
  pages.post('/preferences/:token/erase', async (c) => {
    const { subscription, address_hash, address } = await subscribers.readPreferences(app, c.req.param('token'))
    const sure = new URLSearchParams(await c.req.text()).get('sure') === 'yes'
    if (!sure) return c.html(erasePage(await paper(app), subscription.language, masked(address)), 422)
    await subscribers.eraseHash(app, 'reader', address_hash)
    return c.redirect(`/preferences/erased?lang=${encodeURIComponent(subscription.language)}`, 303)
  })
}

async function shown(app: App, preferences: subscribers.Preferences, seen: { saved?: boolean; problem?: Problem }) {
  const known = await paper(app)
  const sections = await sectionsOf(app, preferences.list.id)
  const coming = await digests.coming(app.read, preferences.subscription.id, instant(app.now()))
  return preferencesPage(known, app, preferences, { ...seen, sections, coming, zone: await zoneOf(app, preferences) })
}

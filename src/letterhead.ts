import type { Db } from '../db/schema.ts'
import type { App } from './app.ts'
import type * as letters from './letters/index.ts'
import * as links from './links.ts'
import * as media from './media.ts'
import * as site from './site.ts'

const LOGO = 640 // twice its width in a letter, for sharp screens

/** The paper as a letter shows it. */
export async function letterhead(app: App, db: Db): Promise<letters.Paper> {
  const identity = await site.show(app, db)
  const logo =
    identity.logo_id === null ? undefined : (await media.pictures(db, [identity.logo_id])).get(identity.logo_id)
  const variant = logo && media.nearest(logo, LOGO)
  return {
    name: identity.name,
    tagline: identity.tagline,
    accent: identity.accent,
    postal_address: identity.postal_address,
    zone: identity.zone,
    url: app.config.url,
    ...(variant && {
      logo: { url: links.media(app.config.url, variant), width: variant.width, height: variant.height },
    }),
  }
}

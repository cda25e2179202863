import { Hono } from 'hono'
import { every } from 'hono/combine'
import type { App } from '../app.ts'
import { articlePages } from './article-pages.ts'
import { assetFiles } from './asset-files.ts'
import { cached } from './cached.ts'
import { discovery } from './discovery.ts'
import { feedsPages } from './feeds-page.ts'
import { frontPage } from './front.ts'
import { movedPages } from './moved.ts'
import { remembered } from './remembered.ts'
import { standingPages } from './standing.ts'
import { streamPages } from './streams.ts'

/** What anybody may read: the front page, articles, channels, feeds for people, pictures. */
export function publicPages(app: App): Hono {
  const kept = every(cached, remembered(app)) // one memory for all of them
  const pages = new Hono()
  pages.route('/', movedPages(app))
  pages.route('/', frontPage(app, kept))
  pages.route('/', streamPages(app, kept))
  pages.route('/', articlePages(app, kept))
  pages.route('/', feedsPages(app, kept))
  pages.route('/', standingPages(app))
  pages.route('/', discovery(app))
  pages.route('/', assetFiles())
  return pages
}

import { instant } from '../../db/instant.ts'
import type { App } from '../app.ts'
import type { Story } from '../articles/index.ts'
import * as articles from '../articles/index.ts'
import type { Filter } from '../channels.ts'

/** The newest stories for the foot of a page: in the language of what stands above, as long as that has enough. */
export async function newest(app: App, language: string, but?: Story): Promise<Story[]> {
  const now = instant(app.now())
  const others = async (filter: Filter) =>
    (await articles.latest(app.read, { filter, now, limit: 7 })).filter((story) => story.id !== but?.id).slice(0, 6)
  const own = await others({ language: [language.split('-')[0]!] })
  return own.length === 6 ? own : others({})
}

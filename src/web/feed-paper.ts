import type { App } from '../app.ts'
import type { Channel } from '../channels.ts'
import * as channels from '../channels.ts'
import * as site from '../site.ts'

/** The paper and its channels as they were at a version of the database; `version` is the paper's own. */
export type Paper = { seen: number; version: number; site: site.Site; channels: Map<string, Channel> }

/** The paper as feeds need it, read anew only when something that readers see has changed. */
export type KnownPaper = {
  /** The database's version, asked once for all requests of one turn; undefined when it cannot even say that. */
  versionNow(): number | undefined
  /** What is known without asking, however old. */
  known(): Paper | undefined
  /** The paper as it is now: one row if nothing that readers see has changed. */
  current(): Promise<Paper>
}

export function knowPaper(app: App): KnownPaper {
  let paper: Paper | undefined
  let heard: { version: number | undefined } | undefined

  function versionNow(): number | undefined {
    if (heard) return heard.version
    try {
      heard = { version: app.database.version() }
    } catch {
      heard = { version: undefined } // what is asked of it next fails too and is logged there
    }
    setImmediate(() => {
      heard = undefined
    })
    return heard.version
  }

  async function current(): Promise<Paper> {
    const seen = app.database.version()
    if (paper?.seen === seen) return paper
    const { version } = await app.read.selectFrom('site').select('version').executeTakeFirstOrThrow()
    if (paper?.version === version) {
      paper.seen = seen
      return paper
    }
    const [shown, all] = [await site.show(app, app.read), await channels.all(app.read)]
    paper = { seen, version, site: shown, channels: new Map(all.map((channel) => [channel.slug, channel])) }
    return paper
  }

  return { versionNow, known: () => paper, current }
}

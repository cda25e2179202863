import type { App } from '../app.ts'
import type { LeftOut } from '../syndication/index.ts'

/** Tells the log what was left out of a feed, each once: feeds are built anew with every change. */
export function openReport(app: App): (feed: string, leftOut: LeftOut[]) => void {
  const reported = new Set<string>()
  return (feed, leftOut) => {
    for (const { id, reason } of leftOut) {
      if (reported.has(`${feed} ${id} ${reason}`)) continue
      if (reported.size > 1000) reported.clear()
      reported.add(`${feed} ${id} ${reason}`)
      app.log.warn('an article was left out of a feed', { feed, article: id, reason })
    }
  }
}

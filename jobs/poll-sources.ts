import { instant } from '../db/instant.ts'
import type { Job } from '../src/job.ts'
import * as sources from '../src/sources/index.ts'

/** Every minute: reads the sources whose hour has come. */
export const pollSources: Job = {
  name: 'poll-sources',
  schedule: '* * * * *',
  async run(app, signal) {
    for (const source of await sources.due(app.db, instant(app.now()))) await sources.poll(app, 'job', source, signal)
  },
}

import type { Job } from '../src/job.ts'
import * as sources from '../src/sources/index.ts'

/** Every minute: reads the sources whose hour has come. */
export const pollSources: Job = {
  name: 'poll-sources',
  schedule: '* * * * *',
  run: (app, signal) => sources.pollDue(app, 'job', { signal }),
}

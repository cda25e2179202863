import type { Job } from '../src/job.ts'
import * as subscribers from '../src/subscribers/index.ts'

/** Every minute: the search for readers learns the names that are new. */
export const learnNames: Job = {
  name: 'learn-names',
  schedule: '* * * * *',
  run: (app, signal) => subscribers.learnNames(app, { signal }),
}

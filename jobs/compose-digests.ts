import * as digests from '../src/digests/index.ts'
import * as home from '../src/home.ts'
import type { Job } from '../src/job.ts'

/** Every minute: opens the edition of each digest whose hour has come; not while a restored database waits to be adopted. */
export const composeDigests: Job = {
  name: 'compose-digests',
  schedule: '* * * * *',
  run: async (app) => (await home.isHeld(app.db)) || digests.composeDue(app, 'job'),
}

import * as digests from '../src/digests/index.ts'
import * as home from '../src/home.ts'
import type { Job } from '../src/job.ts'

/** Every minute: opens the edition of each digest whose hour has come; not while a restored or copied database waits to be adopted. */
export const composeDigests: Job = {
  name: 'compose-digests',
  schedule: '* * * * *',
  run: async (app) => (await home.away(app)) || digests.composeDue(app, 'job'),
}

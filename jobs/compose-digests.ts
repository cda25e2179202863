import * as digests from '../src/digests/index.ts'
import type { Job } from '../src/job.ts'

/** Every minute: opens the edition of each digest whose hour has come. */
export const composeDigests: Job = {
  name: 'compose-digests',
  schedule: '* * * * *',
  run: (app) => digests.composeDue(app, 'job'),
}

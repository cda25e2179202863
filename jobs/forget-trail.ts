import type { Job } from '../src/job.ts'
import * as trail from '../src/trail.ts'

/** Every night: forgets the lines of the trail that are older than the newsroom keeps them. */
export const forgetTrail: Job = {
  name: 'forget-trail',
  schedule: '7 4 * * *',
  run: (app, signal) => trail.forget(app, signal),
}

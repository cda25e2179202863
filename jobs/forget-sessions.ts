import * as accounts from '../src/accounts/index.ts'
import type { Job } from '../src/job.ts'

/** Every night: forgets sessions of the desk that ended, and links that nobody used. */
export const forgetSessions: Job = {
  name: 'forget-sessions',
  schedule: '23 3 * * *',
  run: (app) => accounts.forget(app),
}

import * as bounces from '../src/bounces/index.ts'
import * as home from '../src/home.ts'
import type { Job } from '../src/job.ts'

/** Every minute: takes in what came back to a mailbox; not for a copy, which would take it from the paper that it is of. */
export const readMailboxes: Job = {
  name: 'read-mailboxes',
  schedule: '* * * * *',
  run: async (app, signal) => (await home.away(app)) !== undefined || bounces.readMailboxes(app, signal),
}

import * as feedReaders from '../src/feed-readers.ts'
import type { Job } from '../src/job.ts'

/** Every night: forgets the readers of feeds that no count looks at any more. */
export const forgetFeedReaders: Job = {
  name: 'forget-feed-readers',
  schedule: '17 3 * * *',
  run: (app) => feedReaders.forget(app),
}

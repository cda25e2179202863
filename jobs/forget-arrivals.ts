import * as bounces from '../src/bounces/index.ts'
import type { Job } from '../src/job.ts'

/** Every night: forgets the messages and events that nobody repeats any more. */
export const forgetArrivals: Job = {
  name: 'forget-arrivals',
  schedule: '23 3 * * *',
  run: (app) => bounces.forgetArrivals(app),
}

import * as bounces from '../src/bounces/index.ts'
import * as deliveries from '../src/deliveries/index.ts'
import type { Job } from '../src/job.ts'

/** Every night: forgets who got which letter, and what came back, where that is older than the newsroom keeps it. */
export const forgetLetters: Job = {
  name: 'forget-letters',
  schedule: '11 4 * * *',
  async run(app, signal) {
    await deliveries.forgetOld(app, signal)
    await bounces.forgetOld(app, signal)
  },
}

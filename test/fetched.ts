import { expect } from 'vitest'
import { readConfig } from '../src/config.ts'

/** What a fetch asks for of an App, with these places allowed. */
export const allowing = (...places: string[]) => ({
  config: readConfig({ NASHRA_URL: 'https://news.example', NASHRA_FETCH_ALLOW: places.join(' ') }),
})

/** What a fetch that fails throws. */
export const failing = (reason: string | RegExp) => ({
  code: 'fetch-failed',
  values: { reason: expect.stringMatching(reason) },
})

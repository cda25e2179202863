import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { COMPILED, compiled } from '../templates/compile.ts'

test.each(['rtl', 'ltr'] as const)('the compiled letter is what its template says; %s', async (dir) => {
  expect(readFileSync(COMPILED[dir], 'utf8')).toBe(await compiled(dir)) // npm run letters
})

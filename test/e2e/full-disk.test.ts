import { execFileSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readConfig } from '../../src/config.ts'
import { openApp } from '../../src/open.ts'
import { edition, mailing } from '../mailing.ts'
import { startProgram, startSending } from '../program.ts'
import { openRelay } from '../relay.ts'

const READERS = 1500
const disk = mounted()

test.skipIf(!disk)(
  'on a full disk of 8 MB nothing is sent, and when there is room again everybody gets one letter',
  {
    timeout: 120_000,
  },
  async () => {
    const { folder, unmount } = disk!
    try {
      await using relay = await openRelay({ dot: () => soon(10).then(() => '250 ok') })
      const environment = { NASHRA_FROM: 'Paper <paper@news.example>', NASHRA_URL: 'https://news.example' }
      const config = readConfig({ ...environment, NASHRA_DATA: folder, NASHRA_LOG: 'error' })
      const app = await openApp(config)
      const { public_id } = await edition(app, await mailing(app, READERS))
      await app.database.close()
      const sending = startSending({ config }, `${relay.url}?connections=5`)
      while (relay.received.length < 50) await soon(5)
      fill(join(folder, 'ballast'))
      const stopped = await stillness(() => relay.seen.length)
      expect(stopped).toBeLessThan(READERS)
      expect(sending.process.exitCode).toBe(null)
      rmSync(join(folder, 'ballast'))
      const { code, errors } = await sending.ended
      expect(errors).toContain('the ledger cannot be written')
      expect(code).toBe(0)
      expect(relay.received).toHaveLength(READERS)
      expect(new Set(relay.received.map(({ to }) => to)).size).toBe(READERS)
      const verified = await startProgram({ config }, ['edition', 'verify', public_id]).ended
      expect(verified).toMatchObject({ code: 0, answer: { submitted: READERS, uncertain: 0, doubted: [] } })
      console.log(`a full disk: sending stopped after ${stopped} of ${READERS} letters, none twice`)
    } finally {
      unmount()
    }
  },
)

/** Eight megabytes of memory as a disk of its own; undefined, with the reason printed, where that is not allowed. */
function mounted(): { folder: string; unmount(): void } | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'nashra-full-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', folder], { stdio: 'pipe' })
  } catch (error) {
    rmSync(folder, { recursive: true })
    console.log(`skipped: a full disk (mount needs root): ${String((error as Error).message).trim()}`)
    return undefined
  }
  return {
    folder,
    unmount() {
      execFileSync('umount', ['-l', folder])
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Writes until the disk takes no more. */
function fill(file: string): void {
  const ballast = openSync(file, 'w')
  try {
    for (let size = 65_536; size >= 1; size = Math.floor(size / 2)) {
      try {
        for (;;) writeSync(ballast, Buffer.alloc(size))
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
      }
    }
  } finally {
    closeSync(ballast)
  }
}

/** Waits until a number has stood still for two seconds. */
async function stillness(number: () => number): Promise<number> {
  for (let before = -1; ; ) {
    if (number() === before) return before
    before = number()
    await soon(2000)
  }
}

function soon(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}

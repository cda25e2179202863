import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openServe } from '../serve.ts'

const browserPath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync)
if (!browserPath)
  console.log('No Chromium on this machine (Debian: apt-get install chromium): faces are not looked at.')

const LETTERS = 'ğüşıöç ĞÜŞİÖÇ âîû'

describe.skipIf(!browserPath)('the faces of the paper', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: browserPath!, args: ['--no-sandbox', '--disable-gpu'] })
  })
  afterAll(() => browser?.close())

  test('have every letter of Turkish, in headlines and in text', { timeout: 60_000 }, async () => {
    await using serve = await openServe()
    const page = await browser.newPage({ bypassCSP: true })
    await page.goto(`${serve.url}/feeds`)
    await page.evaluate(
      `for (const place of ['h1', 'main p']) document.querySelector(place).textContent = ${JSON.stringify(LETTERS)}`,
    )
    await page.evaluate('document.fonts.ready.then(() => 1)')
    const client = await page.context().newCDPSession(page)
    await client.send('DOM.enable')
    await client.send('CSS.enable')
    const { root } = await client.send('DOM.getDocument')
    for (const selector of ['h1', 'main p']) {
      const { nodeId } = await client.send('DOM.querySelector', { nodeId: root.nodeId, selector })
      await expect
        .poll(async () => (await client.send('CSS.getPlatformFontsForNode', { nodeId })).fonts)
        .toSatisfy((fonts: { isCustomFont: boolean }[]) => fonts.every(({ isCustomFont }) => isCustomFont))
    }
    await page.close()
  })
})

import { existsSync } from 'node:fs'
import { chromium } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { routes } from '../../src/web/desk/door.ts'
import { openServer } from '../../src/web/server.ts'
import { colleague } from '../desk.ts'
import { openDeskWorld, pathsOf } from '../desk-world.ts'

const browserPath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync)
if (!browserPath)
  console.log('No Chromium on this machine (Debian: apt-get install chromium): the desk’s policy is not tried.')

const LEADS = ['/admin/start/relay', '/admin/start/test'] // to the step that the form of this address stands in

describe.skipIf(!browserPath)('the pages of the desk in a browser', () => {
  test('ask for nothing that their own policy forbids, nor do the documents in their frames', {
    timeout: 240_000,
  }, async () => {
    await using world = await openDeskWorld('sqlite', { NASHRA_PORT: '0' })
    const { cookie } = await colleague(world.desk, 'owner')
    const server = await openServer(world.desk.world)
    const browser = await chromium.launch({ executablePath: browserPath!, args: ['--no-sandbox', '--disable-gpu'] })
    try {
      const context = await browser.newContext()
      const kept = cookie.split('; ').map((one) => ({ name: one.split('=')[0]!, value: one.split('=')[1]! }))
      await context.addCookies(kept.map((one) => ({ ...one, domain: '127.0.0.1', path: '/', secure: true })))
      const page = await context.newPage()
      // Chromium says the same of many pages once.
      await page.addInitScript(`document.addEventListener('securitypolicyviolation', (event) =>
        console.error('policy', location.pathname, event.effectiveDirective, event.blockedURI))`)
      const complaints: string[] = []
      let here = ''
      page.on('pageerror', ({ message }) => complaints.push(`${here}: ${message}`))
      page.on('console', (one) => {
        if (['error', 'warning'].includes(one.type()) && !/status of 4\d\d/.test(one.text()))
          complaints.push(`${here}: ${one.text()}`)
      })
      const shown = routes.filter(({ method, path }) => method === 'GET' && !/\.(csv|json)$/.test(path))
      for (const { path, framed } of shown.flatMap((route) =>
        pathsOf(route, world.foreign).map((path) => ({ ...route, path })),
      )) {
        here = path
        const before = complaints.length
        const answer = (await page.goto(server.url + path, { waitUntil: 'load' }))!
        expect.soft([path, new URL(page.url()).pathname]).toEqual([path, LEADS.includes(path) ? '/admin/start' : path])
        expect.soft([path, [200, 404, 409, 410].includes(answer.status())]).toEqual([path, true])
        expect
          .soft([path, answer.headers()['content-security-policy']?.includes("default-src 'none'")])
          .toEqual([path, true])
        await page.waitForTimeout(100) // what the page asks for by itself
        if (framed && answer.status() !== 200) complaints.length = before // a refusal in a frame has no sheet, and needs none
      }
      await page.goto(`${server.url}/admin`)
      expect(await page.evaluate('htmx.config.includeIndicatorCSS')).toBe(false) // all styles are our own sheet's
      expect(await page.evaluate('document.adoptedStyleSheets.length')).toBe(0)
      expect(shown.length).toBeGreaterThan(40)
      expect(complaints).toEqual([])
    } finally {
      await browser.close()
      await server.close()
    }
  })
})

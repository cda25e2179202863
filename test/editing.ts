import { existsSync } from 'node:fs'
import { type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import * as accounts from '../src/accounts/index.ts'
import * as articles from '../src/articles/index.ts'
import { openServer } from '../src/web/server.ts'
import { openWorld } from './world.ts'

export const browserPath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync)
if (!browserPath) console.log('No Chromium on this machine: the editor is not tried in a browser.')

export const PASSWORD = 'correct horse battery'

/** `complaints` are what the page's console said, `address` whose page it is. */
export type Editor = Page & { complaints: string[]; address: string }

/** A newsroom whose desk stands on a port of this machine, and a browser. */
export async function openNewsroom() {
  const port = 20_000 + Math.floor(Math.random() * 20_000)
  const address = { NASHRA_PORT: String(port), NASHRA_URL: `http://127.0.0.1:${port}` }
  const world = await openWorld('sqlite', '2026-11-23T05:00:00Z', address)
  const server = await openServer(world)
  const browser = await chromium.launch({ executablePath: browserPath!, args: ['--no-sandbox', '--disable-gpu'] })

  async function stored(guid: string): Promise<articles.Story> {
    const { id } = await world.db.selectFrom('article').select('id').where('guid', '=', guid).executeTakeFirstOrThrow()
    return (await articles.byIds(world.db, [id]))[0]!
  }

  return {
    ...{ world, server, browser, stored },

    /** Somebody at the desk, by the link that let him in. */
    async signedIn(options: BrowserContextOptions = {}): Promise<Editor> {
      const address = `${Math.random().toString(36).slice(2)}@news.example`
      const { token } = await accounts.invite(world, 'cli', { address, roles: [{ role: 'editor', list: 0 }] })
      const page = await (await browser.newContext(options)).newPage()
      const complaints: string[] = []
      page.on('console', (message) => {
        const expected =
          /NAME_NOT_RESOLVED|INTERNET_DISCONNECTED|htmx:error: Failed to fetch|status of 40[19]|status of 422/.test(
            message.text(),
          )
        if (message.type() === 'error' && !expected) complaints.push(message.text())
      })
      page.on('pageerror', (error) => complaints.push(error.message))
      await page.goto(`${server.url}/admin/in/${token}`)
      for (const field of await page.locator('main input[type=password]').all()) await field.fill(PASSWORD)
      await page.click('main form button[type=submit]')
      await page.waitForLoadState()
      return Object.assign(page, { complaints, address })
    },

    async held(guid: string, body: string): Promise<articles.Story> {
      const draft = { guid, title: `مقال ${guid} في المتصفح`, body_html: body, language: 'ar' }
      await articles.publish(world, 'cli', [draft])
      return stored(guid)
    },

    async edit(page: Page, { public_id }: { public_id: string }): Promise<void> {
      await page.goto(`${server.url}/admin/articles/${public_id}/edit`)
    },

    async save(page: Page): Promise<void> {
      await page.click('button[value=publish]')
      await page.waitForURL(/told=saved/)
    },

    async [Symbol.asyncDispose]() {
      await browser.close()
      await server.close()
      await world[Symbol.asyncDispose]()
    },
  }
}

export type Newsroom = Awaited<ReturnType<typeof openNewsroom>>

/** Pastes as a browser does: what a program laid on the clipboard, as HTML and as text. */
export async function paste(page: Page, html: string, text = ''): Promise<void> {
  await page.evaluate(`{
    const clipboardData = new DataTransfer()
    clipboardData.setData('text/html', ${scriptOf(html)})
    if (${scriptOf(text)}) clipboardData.setData('text/plain', ${scriptOf(text)})
    const root = document.getElementById('editor')
    root.focus()
    root.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }))
  }`)
  await page.waitForTimeout(150)
}

function scriptOf(text: string): string {
  return JSON.stringify(text).replaceAll('</', '<\\/')
}

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as accounts from '../../src/accounts/index.ts'
import { browserPath, type Editor, type Newsroom, openNewsroom, PASSWORD } from '../editing.ts'

describe.skipIf(!browserPath)('what is being written', () => {
  let room: Newsroom
  beforeAll(async () => {
    room = await openNewsroom()
    await room.world.db.updateTable('account').set({ language: 'en' }).execute()
  })
  afterAll(() => room?.[Symbol.asyncDispose]())

  async function atDesk(): Promise<Editor> {
    const page = await room.signedIn()
    await room.world.db.updateTable('account').set({ language: 'en' }).execute()
    return page
  }

  async function type(page: Editor, words: string): Promise<void> {
    await page.locator('#editor p').last().click()
    await page.keyboard.press('Control+End')
    await page.keyboard.type(words)
  }

  const says = (page: Editor, words: RegExp) => page.locator('#kept').filter({ hasText: words }).waitFor()
  const drafts = () => room.world.db.selectFrom('article_draft').selectAll().execute()

  test('while there is no connection stays on the page, which says so, and is kept once it is back', async () => {
    const before = await room.held('offline', '<p>قبل</p>')
    const page = await atDesk()
    await room.edit(page, before)
    await page.context().setOffline(true)
    await type(page, ' ثم')
    await says(page, /no connection/)
    await page.click('button[value=publish]') // what cannot be sent is not sent
    await says(page, /no connection/)
    expect(await page.locator('#editor').textContent()).toBe('قبل ثم')
    expect(await drafts()).toEqual([])
    await page.context().setOffline(false)
    await says(page, /saved at \d\d:\d\d/)
    expect((await drafts()).map(({ typed }) => JSON.parse(typed).body)).toEqual(['<p>قبل ثم</p>'])
    await type(page, ' بعد')
    await room.save(page)
    expect((await room.stored('offline')).body_html).toBe('<p>قبل ثم بعد</p>')
    expect(await drafts()).toEqual([])
    expect(page.complaints).toEqual([])
    await page.context().close()
  })

  test('is saved at once by the keys that save everywhere, and is there when the page is loaded again', async () => {
    const page = await atDesk()
    await page.goto(`${room.server.url}/admin/articles/new`)
    await page.fill('#title', 'عنوان')
    await type(page, 'ما لا يضيع')
    await page.keyboard.press('Control+s')
    await says(page, /saved at \d\d:\d\d/)
    expect(page.url()).toMatch(/\/drafts\/[a-z0-9]+$/)
    await page.reload()
    expect(await page.locator('#editor').textContent()).toBe('ما لا يضيع')
    await room.save(page)
    expect(await drafts()).toEqual([])
    expect(page.complaints).toEqual([])
    await page.context().close()
  })

  test('that is not kept yet is not left by mistake', async () => {
    const page = await atDesk()
    await room.edit(page, await room.held('left', '<p>قبل</p>'))
    const asked: string[] = []
    page.on('dialog', (dialog) => {
      asked.push(dialog.type())
      void dialog.dismiss()
    })
    await page.context().setOffline(true)
    await type(page, ' ثم')
    await page.evaluate(`location.assign('/admin/articles')`)
    await page.waitForTimeout(300)
    expect(asked).toEqual(['beforeunload'])
    expect(await page.locator('#editor').textContent()).toBe('قبل ثم')
    page.removeAllListeners('dialog')
    await page.context().close()
  })

  test('when the session ends is told, and goes on where it was after signing in again', async () => {
    const before = await room.held('signed out', '<p>قبل</p>')
    const page = await atDesk()
    await room.edit(page, before)
    const account = await room.world.db
      .selectFrom('account')
      .select('id')
      .where('address', '=', page.address)
      .executeTakeFirstOrThrow()
    for (const session of await accounts.sessionsOf(room.world, account.id))
      await accounts.endSession(room.world.db, account.id, session.public_id)
    await type(page, ' ثم')
    await says(page, /signed out/)
    await page.click('button[value=publish]')
    await says(page, /signed out/)
    expect(await page.locator('#editor').textContent()).toBe('قبل ثم')
    const [other] = await Promise.all([page.context().waitForEvent('page'), page.locator('#kept a').click()])
    await other.fill('#address', page.address)
    await other.fill('#password', PASSWORD)
    await other.click('main form button[type=submit]')
    await other.waitForURL(/\/admin\/me/)
    await other.close()
    await page.bringToFront()
    await says(page, /saved at \d\d:\d\d/)
    await type(page, ' بعد')
    await room.save(page)
    expect((await room.stored('signed out')).body_html).toBe('<p>قبل ثم بعد</p>')
    expect(page.complaints).toEqual([])
    await page.context().close()
  })

  test('by two at the same article is told to both, and neither overwrites the other unasked', async () => {
    const before = await room.held('two', '<p>قبل</p>')
    const [one, other] = [await atDesk(), await atDesk()]
    await room.edit(one, before)
    await room.edit(other, before)
    await type(one, ' من الأول')
    await says(one, /saved at/)
    await type(other, ' من الثاني')
    await says(other, new RegExp(`${one.address} is writing about this article`))
    room.world.clock.advance({ seconds: 5 })
    await room.save(one)
    await type(other, '!')
    await says(other, /Somebody else has changed this article meanwhile/)
    await other.click('button[value=publish]')
    await other.locator('#mistake').waitFor()
    expect((await room.stored('two')).body_html).toBe('<p>قبل من الأول</p>')
    expect(await other.locator('#editor').textContent()).toBe('قبل من الثاني!')
    await room.save(other) // knowingly
    expect((await room.stored('two')).body_html).toBe('<p>قبل من الثاني!</p>')
    for (const page of [one, other]) await page.context().close()
  })

  test('is seen in a frame as readers will see it, before it is kept', async () => {
    const page = await atDesk()
    await page.goto(`${room.server.url}/admin/articles/new`)
    await page.fill('#title', 'عنوان المعاينة')
    await type(page, 'نص المعاينة')
    await page.click('button[formtarget=preview]')
    const shown = page.frameLocator('iframe[name=preview]')
    await shown.locator('article h1').filter({ hasText: 'عنوان المعاينة' }).waitFor()
    expect(await shown.locator('.body').textContent()).toContain('نص المعاينة')
    expect(page.url()).toMatch(/articles\/(new|drafts\/\w+)$/)
    expect(page.complaints).toEqual([])
    await page.context().close()
  })
})

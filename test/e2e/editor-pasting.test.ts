import type { Page } from 'playwright-core'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { browserPath, type Editor, type Newsroom, openNewsroom, paste } from '../editing.ts'

/** As Word 365 lays it on the clipboard: conditional comments, lists as paragraphs, lines broken at 80 letters. */
const WORD = `<html xmlns:o="urn:schemas-microsoft-com:office:office" xmlns:w="urn:schemas-microsoft-com:office:word">
<head><meta name=Generator content="Microsoft Word 15"><title>تقرير</title>
<!--[if gte mso 9]><xml><w:WordDocument><w:View>Normal</w:View></w:WordDocument></xml><![endif]-->
<style><!-- p.MsoNormal, li.MsoNormal {mso-style-unhide:no; margin:0in;} --></style></head>
<body lang=EN-US style='tab-interval:.5in'><!--StartFragment-->
<h1 dir=RTL style='text-align:right;direction:rtl'><span lang=AR-SA style='font-family:"Arial"'>جلسة الموازنة<o:p></o:p></span></h1>
<p class=MsoNormal dir=RTL style='text-align:right;direction:rtl;unicode-bidi:embed'><span lang=AR-SA>أقرّ المجلس
</span><b style='mso-bidi-font-weight:normal'><span lang=AR-SA style='font-size:14.0pt'>الموازنة</span></b><b><span lang=AR-SA> العامة</span></b><span
lang=AR-SA>&nbsp;فجر اليوم<a style='mso-footnote-id:ftn1' href="#_ftn1" name="_ftnref1" title=""><span class=MsoFootnoteReference><span style='mso-special-character:footnote'>[1]</span></span></a>.</span><span dir=LTR><o:p></o:p></span></p>
<p class=MsoNormal dir=RTL><span lang=AR-SA><o:p>&nbsp;</o:p></span></p>
<p class=MsoListParagraphCxSpFirst dir=RTL style='margin-right:.5in;text-indent:-.25in;mso-list:l0 level1 lfo1'><![if !supportLists]><span style='font-family:Symbol'><span style='mso-list:Ignore'>·<span style='font:7.0pt "Times New Roman"'>&nbsp;&nbsp;&nbsp;&nbsp; </span></span></span><![endif]><span lang=AR-SA>الرواتب<o:p></o:p></span></p>
<p class=MsoListParagraphCxSpMiddle dir=RTL style='mso-list:l0 level2 lfo1'><![if !supportLists]><span style='mso-list:Ignore'>o<span>&nbsp;&nbsp; </span></span><![endif]><span lang=AR-SA>المتقاعدون</span></p>
<p class=MsoListParagraphCxSpLast dir=RTL style='mso-list:l0 level1 lfo1'><![if !supportLists]><span style='mso-list:Ignore'>·<span>&nbsp; </span></span><![endif]><span lang=AR-SA>الصحة</span></p>
<p class=MsoListParagraph style='mso-list:l1 level1 lfo2'><span style='mso-list:Ignore'>1.<span>&nbsp;&nbsp; </span></span>First</p>
<table class=MsoTableGrid border=1 cellspacing=0 style='border-collapse:collapse'><tr style='mso-yfti-irow:0'><td width=319 valign=top style='width:239.4pt'><p class=MsoNormal dir=RTL>البند<o:p></o:p></p></td><td width=319><p class=MsoNormal><b>%</b></p></td></tr></table>
<p class=MsoNormal><i>In English</i><span style='mso-spacerun:yes'>&nbsp; </span>too<v:shape id="x"><img width=200 height=90 src="file:///C:/Users/x/AppData/clip_image002.png"></v:shape></p>
<!--EndFragment--></body></html>`

const DOCS = `<meta charset='utf-8'><meta charset="utf-8"><b style="font-weight:normal;" id="docs-internal-guid-4f2a-7fff"><h1 dir="rtl" style="line-height:1.38;margin-top:20pt;"><span style="font-size:20pt;font-family:Arial;font-weight:400;white-space:pre-wrap;">الافتتاح</span></h1><p dir="rtl" style="line-height:1.38;"><span style="font-size:11pt;font-weight:400;font-style:normal;white-space:pre-wrap;">نص عادي و</span><span style="font-size:11pt;font-weight:700;white-space:pre-wrap;">غليظ</span><span style="font-weight:400;font-style:italic;"> ومائل</span><span style="font-weight:400;vertical-align:super;">2</span></p><br /><ul style="margin-top:0;"><li dir="rtl" style="list-style-type:disc;" aria-level="1"><p dir="rtl" role="presentation"><span style="font-weight:400;">بند</span></p></li><ul><li dir="rtl" aria-level="2"><p dir="rtl" role="presentation"><span>بند داخلي</span></p></li></ul></ul><br /><p dir="ltr"><span>عربي في فقرة إنكليزية</span></p><p dir="ltr"><span>English line</span></p><p dir="rtl"><a href="https://www.google.com/url?q=https://example.org/x?a%3D1&amp;sa=D&amp;ust=1" style="text-decoration:none;"><span style="text-decoration:underline;color:#1155cc;">رابط</span></a></p></b><br class="Apple-interchange-newline">`

const WEB = `<html><body><!--StartFragment--><nav><ul><li><a href="/">الرئيسية</a></li></ul></nav><article class="post" style="color: rgb(0, 0, 0);"><header><h1 class="t">عنوان الصفحة</h1><div class="meta"><span>كتب: فلان</span></div></header><div class="body"><div>سطر أول<br><br>سطر ثانٍ<br>تابع له</div><p style="text-align: justify;">فقرة&nbsp;مع <font color="red">لون</font> و<a href="/about" onclick="x()">رابط نسبي</a> و<a href="https://example.org/ok">رابط</a>.</p><img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=" data-src="https://cdn.example/big.jpg" alt="ميناء"><img src="https://stat.example/p.gif" width="1" height="1"><figure><img src="https://cdn.example/b.jpg" srcset="x 2x"><figcaption>شرح</figcaption></figure><h5>صغير</h5><button>شارك</button><script>window.ran=1</script></div><aside><p>اقرأ أيضًا</p></aside></article><!--EndFragment--></body></html>`

describe.skipIf(!browserPath)('what is pasted into the editor', () => {
  let room: Newsroom
  let page: Editor
  beforeAll(async () => {
    room = await openNewsroom()
    page = await room.signedIn()
  })
  afterAll(() => room?.[Symbol.asyncDispose]())

  /** What a sheet that holds one word comes to when this is pasted at its end. */
  async function pasted(html: string, text = ''): Promise<string[]> {
    await page.goto(`${room.server.url}/admin/articles/new`)
    await page.fill('#title', 'عنوان')
    await paste(page, html, text)
    return (await page.locator('#body').inputValue()).split('\n')
  }

  test('from Word has its headings, lists, tables and emphasis, and nothing else of Word', async () => {
    expect(await pasted(WORD)).toEqual([
      '<h2>جلسة الموازنة</h2>',
      '<p>أقرّ المجلس <b>الموازنة العامة</b> فجر اليوم[1].</p>',
      '<ul><li>الرواتب<ul><li>المتقاعدون</li></ul></li><li>الصحة</li></ul>',
      '<ol><li>First</li></ol>',
      '<table><tbody><tr><td>البند</td><td><b>%</b></td></tr></tbody></table>',
      '<p><i>In English</i> too</p>',
    ])
    expect(await page.locator('#pasted').textContent()).not.toBe('') // a picture that lies on somebody's disk
  })

  test('from Google Docs is bold only where it was bold there', async () => {
    expect(await pasted(DOCS)).toEqual([
      '<h2>الافتتاح</h2>',
      '<p>نص عادي و<b>غليظ</b><i> ومائل</i><sup>2</sup></p>',
      '<ul><li>بند<ul><li>بند داخلي</li></ul></li></ul>',
      '<p>عربي في فقرة إنكليزية</p>',
      '<p dir="ltr">English line</p>',
      '<p><a href="https://example.org/x?a=1">رابط</a></p>',
    ])
    expect(await page.locator('#pasted').textContent()).toBe('')
  })

  test('from a page on the web is its text, with the links and pictures that lead somewhere', async () => {
    expect(await pasted(WEB)).toEqual([
      '<h2>عنوان الصفحة</h2>',
      '<p>كتب: فلان</p>',
      '<p>سطر أول</p>',
      '<p>سطر ثانٍ<br>تابع له</p>',
      '<p>فقرة مع لون ورابط نسبي و<a href="https://example.org/ok">رابط</a>.</p>',
      '<p><img src="https://cdn.example/big.jpg" alt="ميناء"></p>',
      '<figure><img src="https://cdn.example/b.jpg"><figcaption>شرح</figcaption></figure>',
      '<h4>صغير</h4>',
      '<p>اقرأ أيضًا</p>',
    ])
    expect(await page.evaluate(`'ran' in window`)).toBe(false)
  })

  test('and stored is what the editor shows, whatever was pasted', async () => {
    for (const html of [WORD, DOCS, WEB]) {
      await pasted(html)
      const shown = await page.locator('#body').inputValue()
      await page.fill('#title', `عنوان ${html.length}`)
      await room.save(page)
      const row = await room.world.db
        .selectFrom('article')
        .select('body_html')
        .where('title', '=', `عنوان ${html.length}`)
        .executeTakeFirstOrThrow()
      expect(plainly(row.body_html)).toBe(plainly(shown))
    }
    expect(page.complaints).toEqual([])
  })

  test('as text becomes paragraphs, and one key takes it back', async () => {
    await page.goto(`${room.server.url}/admin/articles/new`)
    await page.locator('#editor').focus()
    await page.keyboard.type('قبل ')
    await page.evaluate(`{
      const clipboardData = new DataTransfer()
      clipboardData.setData('text/plain', 'سطر أول\\nسطر <b>ثانٍ</b>')
      document.getElementById('editor').dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }))
    }`)
    await page.waitForTimeout(150)
    expect(await page.locator('#body').inputValue()).toBe('<p>قبل سطر أول</p>\n<p>سطر &lt;b&gt;ثانٍ&lt;/b&gt;</p>')
    await page.keyboard.press('Control+z')
    expect(await page.locator('#body').inputValue()).toMatch(/^<p>قبل ?<\/p>$/)
    await page.keyboard.press('Control+y')
    expect(await page.locator('#body').inputValue()).toContain('سطر أول')
  })

  test('as a picture alone asks for its words first, and one key takes it back', async () => {
    await page.goto(`${room.server.url}/admin/articles/new`)
    await page.locator('#editor').focus()
    await page.keyboard.type('نص')
    const bytes = await sharp({ create: { width: 640, height: 360, channels: 3, background: '#765' } })
      .png()
      .toBuffer()
    await pasteFile(page, bytes)
    await page.locator('#picture-form[open]').waitFor()
    await page.click('#picture-form button[type=submit]')
    expect(await page.locator('#picture-form[open]').count()).toBe(1) // without words it stays
    await page.fill('#inner-alt', 'شاشة')
    await page.click('#picture-form button[type=submit]')
    await page.locator('#editor figure img').waitFor()
    expect(await page.locator('#body').inputValue()).toMatch(/^<p>نص<\/p>\n<figure><img [^>]*alt="شاشة"/)
    await page.keyboard.press('Control+z')
    expect(await page.locator('#body').inputValue()).toBe('<p>نص</p>')
    expect(page.complaints).toEqual([])
  })
})

async function pasteFile(page: Page, bytes: Buffer): Promise<void> {
  await page.evaluate(`{
    const bytes = Uint8Array.from(atob('${bytes.toString('base64')}'), (sign) => sign.charCodeAt(0))
    const clipboardData = new DataTransfer()
    clipboardData.items.add(new File([bytes], 'image.png', { type: 'image/png' }))
    document.getElementById('editor').dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }))
  }`)
}

/** As a browser and a server may both write it. */
function plainly(html: string): string {
  return html.replaceAll(/<img[^>]* src="([^"]+)"[^>]*>/g, '<img $1>').replaceAll(' />', '>')
}

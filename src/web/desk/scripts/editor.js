/* Where an article is written: the body's text area becomes an editor, and what is written is kept while one writes. */
{
  const form = document.getElementById('writing')
  const area = document.getElementById('body')
  const bar = form?.querySelector('.tools')
  const original = area?.value

  /** The top-level pieces of cleaned HTML, each as it was written with the white space behind it. */
  function piecesOf(html) {
    const pieces = []
    let depth = 0
    let start = 0
    for (const { 0: tag, 1: closing, 2: name, index } of html.matchAll(/<(\/?)([a-z][a-z0-9]*)[^>]*>/g)) {
      const empty = /^(br|hr|img)$/.test(name)
      if (closing) depth--
      else if (!empty) depth++
      if (depth !== 0) continue
      const end = index + tag.length
      const space = /^\s*/.exec(html.slice(end))[0].length
      pieces.push(html.slice(start, end + space))
      start = end + space
    }
    return start === html.length ? pieces : undefined // text outside of any element: there are no pieces to speak of
  }

  /** The top-level elements of some HTML, as a browser writes them. */
  function blocksOf(html) {
    const { content } = Object.assign(document.createElement('template'), { innerHTML: html })
    return [...content.children].map((block) => block.outerHTML)
  }

  /** What the editor holds, as it is to be sent: blocks that nobody touched as they were written, to the byte. */
  function openKeeper(editor, html) {
    const pieces = piecesOf(html) ?? []
    const blocks = blocksOf(editor.getHTML())
    const known = new Map(pieces.length === blocks.length ? blocks.map((block, nth) => [block, pieces[nth]]) : [])
    const old = /<b[\s>]/.test(html) || !/<strong[\s>]/.test(html) ? [] : [['b', 'strong']]
    if (/<em[\s>]/.test(html) && !/<i[\s>]/.test(html)) old.push(['i', 'em'])
    const ends = pieces.length > 1 ? /\s*$/.exec(pieces[0])[0] : '\n' // as blocks are parted here
    const written = (block) => block && `${old.reduce(renamed, block)}${ends}`
    return () =>
      blocksOf(editor.getHTML())
        .map((block) => known.get(block) ?? written(tidy(block, /\u00a0|&nbsp;/.test(html))))
        .join('')
        .replace(/\s+$/, /\s*$/.exec(html)[0])
  }

  function renamed(html, [from, to]) {
    return html.replace(new RegExp(`<(/?)${from}(?=[\\s>])`, 'g'), `<$1${to}`)
  }

  /** Without what an editor puts into blocks so that a cursor can stand there; nothing of a block that holds nothing. */
  function tidy(block, spaced) {
    const { content } = Object.assign(document.createElement('template'), { innerHTML: block })
    for (const wrapper of content.querySelectorAll(':is(li, td, th, dd) > div:first-child:not([dir], [lang])'))
      wrapper.replaceWith(...wrapper.childNodes)
    for (const end of content.querySelectorAll('br:last-child')) if (!end.nextSibling) end.remove()
    const texts = document.createTreeWalker(content, NodeFilter.SHOW_TEXT)
    // A browser writes a space that ends a word while one types as one that does not break.
    while (!spaced && texts.nextNode()) texts.currentNode.data = texts.currentNode.data.replaceAll('\u00a0', ' ')
    const [top] = content.children
    const empty = !top.textContent.trim() && !top.querySelector('img, hr, td') && !/^(IMG|HR)$/.test(top.nodeName)
    return empty ? '' : top.outerHTML
  }

  /** A tag in place of the blocks that are chosen; the editor's own where they have it already. */
  function heading(editor, tag) {
    const has = editor.hasFormat(tag)
    editor.modifyBlocks((fragment) => {
      for (const block of fragment.querySelectorAll('p, div, h2, h3, h4')) {
        if (block.querySelector('p, div, h2, h3, h4, ul, ol, table')) continue
        const fresh = document.createElement(has ? 'p' : tag)
        for (const { name, value } of block.attributes) fresh.setAttribute(name, value)
        fresh.append(...block.childNodes)
        block.replaceWith(fresh)
      }
      return fragment
    })
    editor.focus()
  }

  const toggled = (editor, tag, on, off) => (editor.hasFormat(tag) ? editor[off]() : editor[on]())
  const TOOLS = {
    bold: (editor) => toggled(editor, 'B', 'bold', 'removeBold'),
    italic: (editor) => toggled(editor, 'I', 'italic', 'removeItalic'),
    h2: (editor) => heading(editor, 'h2'),
    h3: (editor) => heading(editor, 'h3'),
    ul: (editor) => toggled(editor, 'UL', 'makeUnorderedList', 'removeList'),
    ol: (editor) => toggled(editor, 'OL', 'makeOrderedList', 'removeList'),
    quote: (editor) => toggled(editor, 'BLOCKQUOTE', 'increaseQuoteLevel', 'decreaseQuoteLevel'),
    rtl: (editor) => turned(editor, 'rtl'),
    ltr: (editor) => turned(editor, 'ltr'),
    undo: (editor) => editor.undo(),
    redo: (editor) => editor.redo(),
    link: askLink,
    picture: askPicture,
  }
  const PRESSED = { bold: 'B', italic: 'I', h2: 'H2', h3: 'H3', ul: 'UL', ol: 'OL', quote: 'BLOCKQUOTE', link: 'A' }

  function turned(editor, direction) {
    const at = editor.getSelection().startContainer
    const block = (at.nodeType === 1 ? at : at.parentElement).closest('[dir]')
    editor.setTextDirection(block?.dir === direction && block !== editor.getRoot() ? null : direction)
  }

  function askLink(editor) {
    const dialog = document.getElementById('link-form')
    const range = editor.getSelection()
    const at = range.startContainer
    const url = dialog.querySelector('input')
    url.value = (at.nodeType === 1 ? at : at.parentElement).closest('a')?.getAttribute('href') ?? ''
    dialog.onclose = () => {
      editor.setSelection(range)
      if (dialog.returnValue === 'set' && /^(https?:\/\/|mailto:)/i.test(url.value)) editor.makeLink(url.value.trim())
      if (dialog.returnValue === 'unset') editor.removeLink()
      editor.focus()
    }
    dialog.returnValue = ''
    dialog.showModal()
  }

  function askPicture(editor) {
    const dialog = document.getElementById('picture-form')
    const range = editor.getSelection()
    const asked = dialog.querySelector('form')
    const mistake = dialog.querySelector('.mistake')
    dialog.querySelector('[data-close]').onclick = () => dialog.close()
    dialog.onclose = () => {
      editor.setSelection(range)
      editor.focus()
    }
    asked.onsubmit = async (event) => {
      event.preventDefault()
      const answer = await fetch(asked.action, { method: 'POST', body: new FormData(asked) }).catch(() => undefined)
      const html = answer?.ok ? await answer.text() : ''
      mistake.hidden = html !== ''
      if (!html) mistake.textContent = (await answer?.text().then(said)) ?? form.querySelector('#kept').dataset.failed
      if (!html) return
      dialog.onclose = null
      dialog.close()
      asked.reset()
      const figure = Object.assign(document.createElement('template'), { innerHTML: html }).content.firstElementChild
      editor.saveUndoState(range)
      editor.insertElement(figure, range)
    }
    mistake.hidden = true
    dialog.showModal()
  }

  /** Why a page says no. */
  function said(page) {
    return new DOMParser().parseFromString(page, 'text/html').querySelector('.mistake')?.textContent
  }

  function openEditor() {
    const root = Object.assign(document.createElement('div'), { id: 'editor', className: 'editor', dir: area.dir })
    root.lang = area.lang
    root.setAttribute('role', 'textbox')
    root.setAttribute('aria-multiline', 'true')
    root.setAttribute('aria-labelledby', 'body-label')
    root.setAttribute('aria-describedby', 'body-hint')
    area.before(root)
    area.hidden = true
    bar.hidden = false
    const editor = new Squire(root, {
      blockTag: 'P',
      didError: (error) => console.error(error),
      sanitizeToDOMFragment: (html) =>
        DOMPurify.sanitize(html, {
          RETURN_DOM_FRAGMENT: true,
          FORBID_TAGS: [
            'style',
            'form',
            'input',
            'button',
            'textarea',
            'select',
            'svg',
            'math',
            'video',
            'audio',
            'font',
            'span',
            'center',
          ],
          FORBID_ATTR: ['style', 'class', 'id', 'name'],
          ALLOW_DATA_ATTR: false,
          ALLOW_ARIA_ATTR: false,
        }),
    })
    editor.setHTML(original)
    let keeper = openKeeper(editor, original)
    editor.addEventListener('input', () => {
      area.value = keeper()
      area.dispatchEvent(new Event('input', { bubbles: true }))
    })
    editor.addEventListener('pathChange', () => pressed(editor))
    editor.setKeyHandler('Ctrl-k', (self, event) => {
      event.preventDefault()
      askLink(self)
    })
    bar.addEventListener('click', ({ target }) => {
      const tool = target.closest('button')?.dataset.tool
      if (tool === 'html') {
        area.hidden = !area.hidden
        root.hidden = !area.hidden
        if (area.hidden) {
          editor.setHTML(area.value)
          keeper = openKeeper(editor, area.value)
          editor.focus()
        } else area.focus()
      } else if (tool && area.hidden) TOOLS[tool](editor)
      pressed(editor)
    })
    bar.addEventListener('keydown', walk)
    form.elements.language.addEventListener('change', ({ target }) => {
      root.lang = target.value
      root.dir = area.dir = /^(ar|fa|ur|he|ckb|ps|sd|ug|yi|dv)\b/.test(target.value) ? 'rtl' : 'ltr'
    })
  }

  function pressed(editor) {
    for (const button of bar.querySelectorAll('[aria-pressed]')) {
      const tag = PRESSED[button.dataset.tool]
      const on = button.dataset.tool === 'html' ? !area.hidden : Boolean(tag) && editor.hasFormat(tag)
      button.setAttribute('aria-pressed', String(on))
    }
  }

  /** Arrows go from tool to tool, whichever side the first one is on. */
  function walk(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key]
    const all = [...bar.querySelectorAll('button')]
    const turn = getComputedStyle(bar).direction === 'rtl' ? -1 : 1
    const at = all.indexOf(document.activeElement)
    const next =
      event.key === 'Home'
        ? 0
        : event.key === 'End'
          ? all.length - 1
          : step && (at + step * turn + all.length) % all.length
    if (next === undefined) return
    event.preventDefault()
    for (const button of all) button.tabIndex = -1
    all[next].tabIndex = 0
    all[next].focus()
  }

  const PAUSE = 2000 // ms without a key, after which what was written is kept
  let waiting
  let keeping

  /** Keeps a draft. One at a time: each goes on from the version that the one before answered. */
  function keep() {
    clearTimeout(waiting)
    if (keeping) waiting = setTimeout(keep, PAUSE)
    else
      keeping = kept().finally(() => {
        keeping = undefined
      })
  }

  async function kept() {
    const fields = new FormData(form)
    for (const name of ['picture', 'deed']) fields.delete(name)
    const answer = await fetch('/admin/articles/autosave', { method: 'POST', body: new URLSearchParams(fields) }).catch(
      () => undefined,
    )
    const text = answer?.ok ? await answer.text() : ''
    const fresh = new DOMParser().parseFromString(text, 'text/html').getElementById('kept')
    const place = document.getElementById('kept')
    if (fresh) {
      place.replaceWith(document.importNode(fresh, true))
      return
    }
    if (place.lastChild.nodeType === 3) place.lastChild.remove()
    place.append(place.dataset.failed)
  }

  if (form && area && bar) {
    if (window.Squire && window.DOMPurify?.isSupported) openEditor()
    form.addEventListener('input', () => {
      clearTimeout(waiting)
      waiting = setTimeout(keep, PAUSE)
    })
    // A draft that is on its way has its answer first: else it would stay behind when what it says is published.
    form.addEventListener('submit', (event) => {
      clearTimeout(waiting)
      if (!keeping) return
      event.preventDefault()
      const { submitter } = event
      keeping.then(() => form.requestSubmit(submitter))
    })
  }
}

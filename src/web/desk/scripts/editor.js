/* Where an article is written: the body's text area becomes an editor. */
{
  const form = document.getElementById('writing')
  const area = document.getElementById('body')
  const bar = form?.querySelector('.tools')
  const original = area?.value

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
      if (!html) mistake.textContent = (await answer?.text().then(said)) ?? mistake.dataset.failed
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
    let opening // the pieces of the text that the editor is given whole, as it stands
    const editor = new Squire(root, {
      blockTag: 'P',
      didError: (error) => console.error(error),
      sanitizeToDOMFragment: (html) => (opening ? Keeper.open(opening, harmless) : pasted(html)),
    })
    let kept = show(original)
    editor.addEventListener('input', () => {
      area.value = kept()
      area.dispatchEvent(new Event('input', { bubbles: true }))
    })
    for (const event of ['pasteImage', 'drop']) editor.addEventListener(event, (what) => brought(editor, what))
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
          kept = show(area.value)
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

    /** Has the editor hold a text; answers what tells from then on what that has become. */
    function show(html) {
      opening = Keeper.piecesOf(html)
      editor.setHTML(html)
      const watched = Keeper.watch(editor, html, opening)
      opening = undefined
      return watched
    }

    /** What was pasted; where pictures of it cannot come along, that is said. */
    function pasted(html) {
      if (html.startsWith('<!-- squire -->')) return harmless(html) // cut or copied here
      const { fragment, lost } = Pasted.from(html, root.dir)
      const place = document.getElementById('pasted')
      place.textContent = lost > 0 ? place.dataset.lost : ''
      return fragment
    }
  }

  /** HTML without what could run, or what no article has. */
  function harmless(html) {
    return DOMPurify.sanitize(html, {
      RETURN_DOM_FRAGMENT: true,
      FORBID_TAGS: [
        ...['style', 'form', 'input', 'button', 'textarea', 'select', 'svg', 'math', 'video', 'audio'],
        ...['font', 'span', 'center'],
      ],
      FORBID_ATTR: ['style', 'class', 'id', 'name'],
      ALLOW_DATA_ATTR: false,
      ALLOW_ARIA_ATTR: false,
    })
  }

  /** A picture that was pasted or dropped alone comes in by the picture's form, which asks for its words. */
  function brought(editor, event) {
    const { files } = event.detail?.clipboardData ?? event.dataTransfer ?? { files: [] }
    const picture = [...files].find(({ type }) => /^image\/(jpeg|png|webp|avif|gif)$/.test(type))
    if (files.length > 0) event.preventDefault()
    if (!picture) return
    const list = new DataTransfer()
    list.items.add(picture)
    askPicture(editor)
    document.getElementById('inner-picture').files = list.files
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

  if (form && area && bar && window.Squire && window.DOMPurify?.isSupported) openEditor()

  // What the form's button shows is below: there one goes.
  form?.addEventListener('submit', ({ submitter }) => {
    if (submitter?.formTarget) document.getElementsByName(submitter.formTarget)[0]?.scrollIntoView({ block: 'nearest' })
  })
}

/* What an editor holds, as it is to be sent: what nobody touched as it was written, to the byte. */
{
  const VOID = /^(br|hr|img)$/

  /** The top-level pieces of cleaned HTML: elements and stretches of text, each as it was written, the white space behind it with it. */
  function piecesOf(html) {
    const pieces = []
    let depth = 0
    let start = 0
    const cut = (end) => {
      if (end > start) pieces.push(html.slice(start, end))
      start = Math.max(start, end)
    }
    for (const { 0: tag, 1: closing, 2: name, index } of html.matchAll(/<(\/?)([a-z][a-z0-9]*)[^>]*>/g)) {
      if (depth === 0 && html.slice(start, index).trim()) cut(index) // text before it
      if (closing) depth--
      else if (!VOID.test(name)) depth++
      if (depth < 0) return [html]
      if (depth > 0) continue
      const end = index + tag.length
      cut(end + /^\s*/.exec(html.slice(end))[0].length)
    }
    if (depth !== 0) return [html]
    if (html.slice(start).trim() || pieces.length === 0) cut(html.length)
    else pieces.push(pieces.pop() + html.slice(start))
    return pieces
  }

  /** Which piece each of these nodes came from, and all within them; what an editor puts around them has none. */
  const origins = new WeakMap()

  function mark(node, piece) {
    origins.set(node, piece)
    for (const child of node.childNodes) mark(child, piece)
  }

  function originsIn(node, found = new Set()) {
    if (origins.has(node)) found.add(origins.get(node))
    else for (const child of node.childNodes) originsIn(child, found)
    return found
  }

  /** The pieces as one fragment for an editor; `harmless` answers the nodes of some HTML. */
  function open(pieces, harmless) {
    const all = document.createDocumentFragment()
    for (const [nth, piece] of pieces.entries()) {
      const some = harmless(piece)
      for (const node of some.childNodes) mark(node, nth)
      all.append(some)
    }
    return all
  }

  /**
   * Stretches of blocks and of pieces that belong to each other: what they look like in the editor, and how they were written.
   * What no block shows is written behind the one before; a block for the cursor alone is no part of any.
   */
  function stretchesOf(root, looks, pieces) {
    const stretches = []
    let reach = -1 // the last piece that a block showed
    for (const [nth, block] of [...root.children].entries()) {
      const from = [...originsIn(block)]
      if (from.length === 0 && isBlank(block)) continue
      const own = from.length > 0 && Math.min(...from) > reach
      if (own || stretches.length === 0) stretches.push({ looks: [], start: own ? Math.min(...from) : 0 })
      stretches.at(-1).looks.push(looks[nth])
      reach = Math.max(reach, ...from)
    }
    if (stretches.length > 0) stretches[0].start = 0
    return stretches.map(({ looks, start }, nth) => ({
      looks,
      text: pieces.slice(start, stretches[nth + 1]?.start).join(''),
    }))
  }

  function isBlank(block) {
    return !block.textContent.trim() && !block.querySelector('img, hr, td') && !/^(IMG|HR)$/.test(block.nodeName)
  }

  function looksOf(html) {
    const { content } = Object.assign(document.createElement('template'), { innerHTML: html })
    return [...content.children].map((block) => block.outerHTML)
  }

  /**
   * Watches an editor that was given `html` by `open`. Answers what it holds now: stretches that look as they did are as they
   * were written, the others in its own words, tidied.
   */
  function watch(editor, html, pieces) {
    const looks = looksOf(editor.getHTML())
    const root = editor.getRoot()
    const stretches = looks.length === root.children.length ? stretchesOf(root, looks, pieces) : []
    const spaced = /\u00a0|&nbsp;/.test(html)
    const words = tongue(html)
    const ends = /\S(\s+)$/.exec(stretches.length > 1 ? stretches[0].text : '>\n')?.[1] ?? '' // as blocks are parted here
    const written = (block) => block && `${words(block)}${ends}`
    return () => {
      const now = looksOf(editor.getHTML())
      let text = ''
      let at = 0
      let from = 0 // stretch
      while (at < now.length) {
        const known = findFrom(stretches, from, ({ looks }) => looks.every((look, nth) => look === now[at + nth]))
        if (known === -1) text += written(tidy(now[at++], spaced))
        else {
          text = `${parted(text, stretches[known].text)}${stretches[known].text}`
          at += stretches[known].looks.length
          from = known + 1
        }
      }
      return text && `${/^\s*/.exec(html)[0]}${text.trim()}${/\s*$/.exec(html)[0]}`
    }
  }

  /** White space between two blocks is that of the first one; text that was outside of any block keeps its distance to the next. */
  function parted(text, next) {
    return /[^\s>]$/.test(text) && /^[^\s<]/.test(next) ? `${text}\n` : text
  }

  /** The next one that is so, or one before where there is none: blocks may have been moved. */
  function findFrom(list, from, is) {
    const next = list.findIndex((one, nth) => nth >= from && is(one))
    return next === -1 ? list.findIndex(is) : next
  }

  /** Editors write `b` and `i`; a text that says `strong` and `em` goes on so. */
  function tongue(html) {
    const old = /<b[\s>]/.test(html) || !/<strong[\s>]/.test(html) ? [] : [['b', 'strong']]
    if (/<em[\s>]/.test(html) && !/<i[\s>]/.test(html)) old.push(['i', 'em'])
    return (block) =>
      old.reduce((words, [from, to]) => words.replace(new RegExp(`<(/?)${from}(?=[\\s>])`, 'g'), `<$1${to}`), block)
  }

  /** Without what an editor puts into blocks so that a cursor can stand there; nothing of a block that holds nothing. */
  function tidy(block, spaced) {
    const { content } = Object.assign(document.createElement('template'), { innerHTML: block })
    for (const end of content.querySelectorAll('br:last-child')) if (!end.nextSibling) end.remove()
    for (const wrapper of content.querySelectorAll(':is(li, td, th, dd) > :is(div, p):only-child:not([dir], [lang])'))
      wrapper.replaceWith(...wrapper.childNodes)
    for (const wrapper of content.querySelectorAll(':is(li, td, th, dd) > div:first-child:not([dir], [lang])'))
      wrapper.replaceWith(...wrapper.childNodes)
    for (const wrapper of content.querySelectorAll('figure > div:not([dir], [lang])'))
      wrapper.replaceWith(...wrapper.childNodes)
    const texts = document.createTreeWalker(content, NodeFilter.SHOW_TEXT)
    // A browser writes a space that ends a word while one types as one that does not break.
    while (!spaced && texts.nextNode()) texts.currentNode.data = texts.currentNode.data.replaceAll('\u00a0', ' ')
    const [top] = content.children
    return isBlank(top) ? '' : top.outerHTML
  }

  globalThis.Keeper = { piecesOf, open, watch }
}

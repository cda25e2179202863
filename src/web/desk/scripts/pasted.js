/* What comes from a word processor or another page: its words, and as much of its form as our articles have. */
{
  const FORBIDDEN = ['style', 'svg', 'math']
  const UNWANTED = 'nav, button, input, select, textarea, dialog, video, audio, iframe, object'
  const BLOCKS =
    'p, div, section, article, main, header, footer, aside, center, address, h1, h2, h3, h4, h5, h6, ul, ol, dl, table, blockquote, pre, figure, hr, form, fieldset, details'
  const OURS =
    /^(P|BR|HR|H[234]|UL|OL|LI|BLOCKQUOTE|STRONG|B|EM|I|U|S|SUB|SUP|CODE|PRE|A|IMG|FIGURE|FIGCAPTION|DL|DT|DD|TABLE|CAPTION|THEAD|TBODY|TR|TH|TD|BDI|TIME|ABBR|CITE|Q|SMALL|MARK)$/
  const KEPT = {
    A: ['href', 'title'],
    IMG: ['src', 'alt', 'title', 'width', 'height'],
    TD: ['colspan', 'rowspan', 'dir'],
    TH: ['colspan', 'rowspan', 'scope', 'dir'],
    TIME: ['datetime'],
  }

  const styleOf = (node) => node.getAttribute('data-style') ?? ''
  const all = (root, selector) => [...root.querySelectorAll(selector)]
  const unwrap = (node) => node.replaceWith(...node.childNodes)

  function renamed(node, tag) {
    const fresh = document.createElement(tag)
    fresh.append(...node.childNodes)
    const dir = node.getAttribute('dir')
    if (dir) fresh.setAttribute('dir', dir)
    node.replaceWith(fresh)
    return fresh
  }

  /** Word writes the items of a list as paragraphs that say so in their style; their signs are text. */
  function listed(root) {
    for (const first of all(root, 'p, h1, h2, h3, div')) {
      if (!root.contains(first)) continue
      if (!levelOf(first)) continue
      const items = [first]
      const list = listNumberOf(first)
      for (let next = first.nextElementSibling; next && listNumberOf(next) === list; next = next.nextElementSibling)
        items.push(next)
      first.before(listOf(items))
      for (const item of items) item.remove()
    }
    for (const sign of all(root, '[data-style*="mso-list"]'))
      if (/mso-list:\s*ignore/i.test(styleOf(sign))) sign.remove()
  }

  function listNumberOf(node) {
    return /mso-list:\s*(l\d+)\s+level\d/i.exec(styleOf(node))?.[1]
  }

  function levelOf(node) {
    return Number(/mso-list:\s*l\d+\s+level(\d)/i.exec(styleOf(node))?.[1] ?? 0)
  }

  function listOf(items) {
    const top = []
    for (const item of items) {
      const level = levelOf(item)
      const sign = all(item, '[data-style*="mso-list"]').find((one) => /mso-list:\s*ignore/i.test(styleOf(one)))
      const tag = /^\s*\(?[\p{N}\p{L}]{1,5}[.)]/u.test(sign?.textContent ?? '') ? 'ol' : 'ul'
      while (top.length > Math.max(level, 1)) top.pop()
      if (top.length === 0) top.push(document.createElement(tag))
      while (top.length < level) {
        const inner = document.createElement(tag)
        if (!top.at(-1).lastElementChild) top.at(-1).append(document.createElement('li'))
        top.at(-1).lastElementChild.append(inner)
        top.push(inner)
      }
      const line = document.createElement('li')
      line.append(...item.childNodes)
      const dir = item.getAttribute('dir')
      if (dir) line.setAttribute('dir', dir)
      top.at(-1).append(line)
    }
    return top[0]
  }

  /** Bold, italic and the like, where a style says so and no tag does; and the other way round. */
  function styled(root) {
    for (const node of all(root, 'b, strong, i, em')) {
      const plain = /^(B|STRONG)$/.test(node.nodeName)
        ? /(^|;)\s*font-weight:\s*(normal|[1-5]00)/i.test(styleOf(node))
        : /(^|;)\s*font-style:\s*normal/i.test(styleOf(node))
      if (plain) unwrap(node)
    }
    for (const node of all(root, 'span, font')) {
      const style = styleOf(node)
      const headed = node.closest('h1, h2, h3, h4, h5, h6')
      const tags = [
        !headed && /(^|;)\s*font-weight:\s*(bold|[6-9]00)/i.test(style) && !node.closest('b, strong, th') && 'b',
        /(^|;)\s*font-style:\s*italic/i.test(style) && !node.closest('i, em') && 'i',
        /(^|;)\s*text-decoration[^;]*line-through/i.test(style) && 's',
        /(^|;)\s*vertical-align:\s*super/i.test(style) && !node.closest('sup') && 'sup',
        /(^|;)\s*vertical-align:\s*sub\b/i.test(style) && !node.closest('sub') && 'sub',
      ].filter(Boolean)
      let within = [...node.childNodes]
      for (const tag of tags.toReversed()) {
        const fresh = document.createElement(tag)
        fresh.append(...within)
        within = [fresh]
      }
      node.replaceWith(...within)
    }
    for (const bold of all(root, ':is(h1, h2, h3, h4, h5, h6) :is(b, strong)')) unwrap(bold)
  }

  /** Headings below ours, paragraphs where lines are only parted, nothing around blocks. */
  function shaped(root) {
    for (const node of all(root, 'h1')) renamed(node, 'h2')
    for (const node of all(root, 'h5, h6')) renamed(node, 'h4')
    for (const node of all(
      root,
      'div, section, article, main, header, footer, aside, center, address, form, fieldset, details',
    ).toReversed())
      node.querySelector(BLOCKS) || node.closest('li, td, th, dd, figcaption') ? unwrap(node) : renamed(node, 'p')
    for (const inner of all(root, ':is(ul, ol) > :is(ul, ol)')) inner.previousElementSibling?.append(inner)
    for (const p of all(root, 'p')) if (p.querySelectorAll('br + br').length > 0) splitAt(p)
    for (const br of all(root, 'br')) {
      const [before, after] = [br.previousElementSibling, br.nextElementSibling]
      const between = [before, after].some((one) => one?.matches(BLOCKS))
      if (between && !br.previousSibling?.data?.trim() && !br.nextSibling?.data?.trim()) br.remove()
    }
    for (const p of all(root, ':is(td, th, li) > p:first-child'))
      if ([...p.parentNode.childNodes].every((one) => one === p || one.matches?.('ul, ol') || !one.textContent.trim()))
        unwrap(p)
  }

  /** Two line breaks are a paragraph's end. */
  function splitAt(p) {
    const parts = [[]]
    for (const node of [...p.childNodes]) {
      const breaks = node.nodeName === 'BR' && node.previousSibling?.nodeName === 'BR'
      if (!breaks) parts.at(-1).push(node)
      else if (parts.at(-1).length > 0) parts.push([])
    }
    const dir = p.getAttribute('dir')
    p.replaceWith(
      ...parts.map((nodes) => {
        const fresh = document.createElement('p')
        if (dir) fresh.setAttribute('dir', dir)
        while (nodes.at(-1)?.nodeName === 'BR') nodes.pop()
        fresh.append(...nodes.filter((node, nth) => nth > 0 || node.nodeName !== 'BR'))
        return fresh
      }),
    )
  }

  /** Links that lead somewhere, pictures that can be fetched; answers how many pictures cannot. */
  function linked(root) {
    for (const link of all(root, 'a')) {
      const href = link.getAttribute('href') ?? ''
      const away = /^https?:\/\/(www\.)?google\.[a-z.]+\/url\?/i.test(href) && new URL(href).searchParams
      const target = (away && (away.get('q') ?? away.get('url'))) || href
      if (/^(https?:\/\/|mailto:)/i.test(target)) link.setAttribute('href', target)
      else unwrap(link)
    }
    let lost = 0
    for (const image of all(root, 'img')) {
      const src = [image.getAttribute('src'), image.getAttribute('data-src')].find((one) =>
        /^https?:\/\//i.test(one ?? ''),
      )
      const dot = ['width', 'height'].some((name) => Number(image.getAttribute(name) ?? 9) < 3)
      if (src && !dot) image.setAttribute('src', src)
      else image.remove()
      if (!src && !dot) lost++
    }
    return lost
  }

  /** The direction of the first letter that has one. */
  function directionOf(text) {
    const [letter] = /[\p{L}]/u.exec(text) ?? []
    if (letter === undefined) return undefined
    return /[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}]/u.test(letter) ? 'rtl' : 'ltr'
  }

  function stripped(root, direction) {
    for (const node of all(root, '*').toReversed()) {
      if (!OURS.test(node.nodeName)) {
        unwrap(node)
        continue
      }
      const own = node.matches('p, li, h2, h3, h4, blockquote, td, th') ? directionOf(node.textContent) : undefined
      const dir = own && own !== direction && node.getAttribute('dir')?.toLowerCase() === own ? own : undefined
      const kept = KEPT[node.nodeName] ?? []
      for (const { name } of [...node.attributes]) if (!kept.includes(name)) node.removeAttribute(name)
      if (dir) node.setAttribute('dir', dir)
      else node.removeAttribute('dir')
    }
  }

  /** Spaces as one would type them, one mark where several say the same, and no block that holds nothing. */
  function tightened(root) {
    const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT)
    while (texts.nextNode()) {
      const { currentNode: text } = texts
      if (text.parentElement?.closest('pre')) continue
      text.data = text.data.replace(/[ \t\r\n\u00a0]*[ \t\r\n][ \t\r\n\u00a0]*|\u00a0{2,}|^\u00a0|\u00a0$/g, ' ')
    }
    for (const node of all(root, 'b, strong, i, em, u, s, sup, sub'))
      while (node.nextSibling?.nodeName === node.nodeName) {
        const next = node.nextSibling
        node.append(...next.childNodes)
        next.remove()
      }
    for (const node of all(
      root,
      'p, h2, h3, h4, li, blockquote, ul, ol, figure, figcaption, b, strong, i, em, u, s, sup, sub, a',
    ).toReversed())
      if (!node.textContent.trim() && !node.querySelector('img, hr, td'))
        node.textContent ? unwrap(node) : node.remove()
    for (const node of all(root, 'p, h2, h3, h4, li, blockquote'))
      if (!node.textContent.trim() && !node.querySelector('img, hr, td')) node.remove()
  }

  /** Pictures and words between blocks in paragraphs of their own; what holds no block at all stays within its line. */
  function gathered(root) {
    if (!root.querySelector(BLOCKS)) return
    let line
    for (const node of [...root.childNodes]) {
      const blank = node.nodeType === Node.TEXT_NODE && !node.data.trim()
      if (node.nodeType === Node.ELEMENT_NODE && node.matches(BLOCKS)) line = undefined
      else if (line || !blank) {
        if (!line) {
          line = document.createElement('p')
          node.before(line)
        }
        line.append(node)
      }
    }
  }

  /** Styles and what would run under other names: a page that forbids both complains of each that it reads. */
  function muted(html) {
    return html
      .replace(/<style[^>]*>[\s\S]*?<\/style>/gi, '')
      .replace(/<[a-z][^>]*>/gi, (tag) => tag.replace(/(\s)(style|on[a-z]+)(?=\s*=)/gi, '$1data-$2'))
  }

  /** Foreign HTML as our articles have it, and how many pictures of it cannot be taken along. `direction`: of the text that it comes into. */
  function from(html, direction) {
    const root = DOMPurify.sanitize(muted(html), { RETURN_DOM_FRAGMENT: true, FORBID_TAGS: FORBIDDEN })
    for (const node of all(root, UNWANTED)) node.remove()
    for (const node of all(root, '[data-style]'))
      if (/display:\s*none|mso-hide:\s*all/i.test(styleOf(node))) node.remove()
    listed(root)
    styled(root)
    shaped(root)
    const lost = linked(root)
    stripped(root, direction)
    tightened(root)
    gathered(root)
    return { fragment: root, lost }
  }

  globalThis.Pasted = { from }
}

/* What is written is kept while one writes, and sent only once it is kept: what cannot be sent stays on the page, which says why. */
{
  const form = document.getElementById('writing')
  const PAUSE = 2000 // ms without a key, after which what was written is kept
  const AGAIN = 5000 // ms after which what could not be kept is tried once more
  let typed = 0 // how often something was typed, and up to where it is kept
  let safe = 0
  let waiting
  let keeping
  let sending = false
  let pressed = false // a button, whose form waits for what is on its way

  function say(words, link) {
    const place = document.getElementById('kept')
    for (const node of [...place.childNodes]) if (node.nodeName !== 'INPUT') node.remove()
    place.classList.add('mistake')
    place.append(words)
    if (!link) return
    const to = Object.assign(document.createElement('a'), { href: '/admin/sign-in?next=/admin/me', target: '_blank' })
    to.textContent = link
    place.append(' ', to)
  }

  /** Keeps a draft. One at a time: each goes on from the version that the one before answered. Answers how it came out. */
  function keep() {
    clearTimeout(waiting)
    keeping ??= kept().finally(() => {
      keeping = undefined
      if (safe < typed) waiting = setTimeout(keep, AGAIN)
    })
    return keeping
  }

  async function kept() {
    const upTo = typed
    const answer = await ask()
    if (answer?.status === 401) return told('out')
    const page = answer && new DOMParser().parseFromString(await answer.text(), 'text/html')
    const fresh = answer?.ok && page.getElementById('kept')
    if (fresh) {
      document.getElementById('kept').replaceWith(document.importNode(fresh, true))
      history.replaceState(null, '', `/admin/articles/drafts/${form.elements.draft.value}`) // where a page that is loaded again goes on
      safe = upTo
      return 'kept'
    }
    const why = page?.querySelector('.mistake')?.textContent
    if (!why) return told('failed')
    say(why)
    return 'refused'
  }

  function told(how) {
    const { dataset } = document.getElementById('kept')
    say(dataset[how], how === 'out' ? dataset.enter : undefined)
    return how
  }

  /** Asks for it to be kept; once more where the page's own mark was that of a session that is over. */
  async function ask() {
    const answer = await post()
    if (!answer || answer.ok || answer.status === 401) return answer
    return (await renew()) ? post() : answer
  }

  function post() {
    const fields = new FormData(form)
    for (const name of ['picture', 'deed']) fields.delete(name)
    return fetch('/admin/articles/autosave', { method: 'POST', body: new URLSearchParams(fields) }).catch(
      () => undefined,
    )
  }

  async function renew() {
    const own = await fetch('/admin/me').catch(() => undefined)
    if (!own?.ok || own.redirected) return false
    const page = new DOMParser().parseFromString(await own.text(), 'text/html')
    const mark = page.querySelector('input[name=t]')?.value
    const fields = [...document.querySelectorAll('input[name=t]')].filter((field) => field.value !== mark)
    if (!mark || fields.length === 0) return false
    for (const field of fields) field.value = mark
    return true
  }

  if (form) {
    form.addEventListener('input', () => {
      typed++
      clearTimeout(waiting)
      waiting = setTimeout(keep, PAUSE)
    })
    for (const [where, what] of [
      [window, 'online'],
      [window, 'focus'],
      [document, 'visibilitychange'],
    ])
      where.addEventListener(what, () => void (safe < typed && keep()))
    document.addEventListener('keydown', (event) => {
      if (event.key.toLowerCase() !== 's' || !(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey) return
      event.preventDefault()
      typed++
      void keep()
    })
    // A draft that is on its way has its answer first: else it would stay behind when what it says is published.
    form.addEventListener('submit', async (event) => {
      const { submitter } = event
      if (submitter?.formTarget || sending) return
      clearTimeout(waiting)
      if (!keeping && safe === typed) {
        sending = true
        return
      }
      event.preventDefault()
      if (pressed) return
      pressed = true
      await keeping
      const how = safe < typed ? await keep() : 'kept'
      pressed = false
      if (how === 'failed' || how === 'out') return
      clearTimeout(waiting)
      sending = true
      form.requestSubmit(submitter)
    })
    addEventListener('pageshow', () => {
      sending = false
    })
    addEventListener('beforeunload', (event) => {
      if (safe < typed && !sending) event.preventDefault()
    })
  }
}

/* What the desk's pages do beyond their forms. All of them work without it. */
{
  // The visitor's own zone, for the hours that pages show.
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions()
  // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API is not in every browser
  if (timeZone) document.cookie = `zone=${encodeURIComponent(timeZone)}; path=/admin; max-age=31536000; samesite=lax`

  // Choosing all rows of a table at once.
  const show = () => {
    for (const all of document.querySelectorAll('[data-all]')) all.hidden = false
  }
  document.addEventListener('change', ({ target }) => {
    const form = target.dataset?.all
    if (!form) return
    for (const box of document.querySelectorAll(`input[type="checkbox"][form="${CSS.escape(form)}"]`))
      box.checked = target.checked
  })
  document.addEventListener('htmx:after:swap', show)
  show()
}

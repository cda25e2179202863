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

  // Copying what a button names (data-copy), which then says so in the word it brings along (data-copied).
  if (navigator.clipboard) for (const button of document.querySelectorAll('[data-copy]')) button.hidden = false
  document.addEventListener('click', async ({ target }) => {
    const button = target.closest?.('[data-copy]')
    if (!button) return
    await navigator.clipboard.writeText(button.dataset.copy)
    button.nextElementSibling.textContent = button.dataset.copied
  })
}

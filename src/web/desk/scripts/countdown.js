/* How long until a digest goes out, counted down where the page says it (time[data-until]). Without it the page says when it was made. */
{
  const language = `${document.documentElement.lang}-u-nu-latn`
  const words = new Intl.RelativeTimeFormat(language, { numeric: 'auto' })
  const two = (number) => String(number).padStart(2, '0')
  const [MINUTE, HOUR, DAY] = [60_000, 3_600_000, 86_400_000]
  const TOLD = [HOUR, 10 * MINUTE, MINUTE, 0] // what is said aloud: not each second
  const AGAIN = 20_000 // ms after its hour, and then again, in which the page is asked for what comes next
  const WIDTH = 1000

  /** By how much this machine's clock differs from the server's, which made the page. */
  let differs = 0
  let page
  /** What a screen reader is told; it stands outside of what is exchanged. */
  const voice = document.createElement('p')
  voice.className = 'unseen'
  voice.setAttribute('role', 'status')

  const left = (rest) => {
    const minutes = Math.round(rest / MINUTE)
    if (minutes < 60) return words.format(minutes, 'minute')
    if (minutes < 48 * 60) return words.format(Math.round(minutes / 60), 'hour')
    return words.format(Math.round(minutes / 1440), 'day')
  }

  const clock = (rest) => {
    const seconds = Math.ceil(rest / 1000)
    return `${Math.floor(seconds / 3600)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`
  }

  const put = (node, text) => {
    if (node.textContent !== text) node.textContent = text
  }

  const show = (time, rest) => {
    put(time, rest > 0 ? left(rest) : time.dataset.due)
    const digits = time.nextElementSibling
    digits.hidden = rest <= 0 || rest >= 2 * DAY
    if (!digits.hidden) put(digits, clock(rest))
  }

  const tell = (time, rest) => {
    if (!TOLD.some((moment) => rest <= moment && rest > moment - WIDTH)) return
    const name = time.closest('tr')?.querySelector('th')?.textContent.trim()
    put(voice, `${name}: ${time.textContent}`)
  }

  let asked = 0
  const tick = () => {
    const section = document.querySelector('#coming')
    if (!section) return
    if (section !== page) {
      page = section
      differs = Date.parse(section.dataset.now) - Date.now()
      section.querySelector('[data-made]').remove()
    }
    const now = Date.now() + differs
    for (const time of section.querySelectorAll('time[data-until]')) {
      const rest = Date.parse(time.dateTime) - now
      show(time, rest)
      tell(time, rest)
      if (rest > -AGAIN || document.hidden || Date.now() - asked < AGAIN) continue
      asked = Date.now()
      section.dispatchEvent(new Event('come'))
    }
  }

  if (document.querySelector('#coming')) {
    document.querySelector('main').append(voice)
    tick()
    setInterval(tick, 1000)
  }
}

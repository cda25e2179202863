/* The coming edition's stories are also moved by hand: a grip before each, for mouse, pen and finger. Its buttons do the same. */
{
  let moved // the story under the hand, and where it lay

  /** Gives each story of an order that may be changed its grip. */
  const grip = () => {
    const list = document.querySelector('#stage ol.stage')
    if (!list?.querySelector('.moves') || list.children.length < 2) return
    for (const story of list.children) {
      if (story.querySelector('.grip')) continue
      const handle = document.createElement('span')
      handle.className = 'grip'
      handle.ariaHidden = 'true'
      handle.textContent = '⠿'
      story.prepend(handle)
    }
  }

  const put = (story, before) => moved.list.insertBefore(story, before)

  /** Lays the story where the hand is. */
  const follow = ({ clientY }) => {
    const others = [...moved.list.children].filter((one) => one !== moved.story)
    const next = others.find((one) => {
      const { top, height } = one.getBoundingClientRect()
      return clientY < top + height / 2
    })
    if (moved.story.nextElementSibling !== (next ?? null)) put(moved.story, next ?? null)
  }

  const end = () => {
    moved?.story.classList.remove('moving')
    moved = undefined
  }

  document.addEventListener('pointerdown', (event) => {
    const handle = event.target.closest?.('.grip')
    if (!handle || event.button !== 0) return
    event.preventDefault()
    handle.setPointerCapture(event.pointerId)
    const story = handle.parentElement
    moved = { story, list: story.parentElement, before: story.nextElementSibling, handle }
    story.classList.add('moving')
  })
  document.addEventListener('pointermove', (event) => {
    if (moved) follow(event)
  })
  document.addEventListener('pointerup', () => {
    if (!moved) return
    const { story, list, before } = moved
    end()
    if (story.nextElementSibling === before) return
    const form = document.querySelector('#stage')
    form.elements.order.value = [...list.children].map((one) => one.dataset.story).join(' ')
    form.requestSubmit()
  })
  const back = () => {
    if (!moved) return
    put(moved.story, moved.before)
    end()
  }
  document.addEventListener('pointercancel', back)
  document.addEventListener('keydown', ({ key }) => {
    if (key === 'Escape') back()
  })

  /** After a move by a button the focus stays with its story, also where that button is gone. */
  let pressed
  document.addEventListener('click', ({ target }) => {
    const button = target.closest?.('#stage button[name="deed"]')
    if (button) pressed = button.value
  })
  document.addEventListener('htmx:after:swap', () => {
    grip()
    if (!pressed) return
    const [deed, story] = pressed.split(' ')
    pressed = undefined
    const again = document.getElementById(`${deed}-${story}`)
    const other = document.querySelector(`#stage [data-story="${CSS.escape(story ?? '')}"] button`)
    ;(again ?? other ?? document.querySelector('#stage button'))?.focus()
  })
  grip()
}

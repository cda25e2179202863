import { instant } from '../../db/instant.ts'
import type { App } from '../app.ts'
import * as mail from '../mail.ts'
import type { Bell } from './bell.ts'
import type { Lanes } from './lanes.ts'
import type { Ledger, Mark } from './ledger.ts'
import type { Desk, Letter } from './letter.ts'
import { rest, type Way } from './relays.ts'
import { FREE, type Turn } from './share.ts'
import { keyOf, type Task } from './task.ts'
import { verdict } from './verdict.ts'

/** How many letters ended how; `deferred` and `uncertain` count tries, not letters. */
export type Sent = { submitted: number; refused: number; deferred: number; uncertain: number; skipped: number }

/** A letter made before its turn; `done` once it is. */
type Made = { sign: boolean; letter: Promise<Letter>; done?: Letter }

/** The letter that a line sends next, and its turn. */
type Next = { task: Task; turn: Turn }

/** What the lines of one sender share. */
export type Floor = {
  readonly app: App
  readonly senderId: string
  readonly ledger: Ledger
  readonly lanes: Lanes
  readonly desk: Desk
  /** Claimed by us, waiting for a line. */
  readonly stock: Task[]
  /** Rung when a line wants something: more letters, another line. */
  readonly wants: Bell
  /** Rung when there are letters for idle lines. */
  readonly filled: Bell
  readonly open: Set<mail.Connection>
  /** How often a letter broke its line by its own fault, as far as we can tell. */
  readonly strikes: Map<string, number>
  /** Letters that are being made before their turn. */
  readonly ahead: WeakMap<Task, Made>
  /** Whether more of them are about to be made. */
  making: boolean
  readonly over: AbortSignal
  end(): void
  readonly sent: Sent
  idle: number
  busy: number
  /** When no more are left in stock, it is time to claim again. */
  low: number
}

const STRIKES = 3 // times that a letter may break its line before that spends a try
const IDLE = 1000 // ms that a line waits for its next letter before it says goodbye
const AHEAD = 8 // letters made ahead for each line: signing must not wait for the disk
const UNABLE = 250 // ms until a mark is asked for again

/** One line to a relay: opened, used for one letter after another, closed. */
export async function work(floor: Floor, way: Way): Promise<void> {
  const { app, over } = floor
  way.opening()
  let connection: mail.Connection
  try {
    connection = await mail.connect(way.relay, new URL(app.config.url).hostname, over)
  } catch (error) {
    if (over.aborted) way.closed()
    else way.failed((error as Error).message)
    return
  }
  floor.open.add(connection)
  const { passed, reason } = await letters(floor, way, connection)
  floor.open.delete(connection)
  if (connection.open || passed > 0 || over.aborted) way.closed()
  else way.failed(reason)
  await connection.quit()
}

/** Letters until none is left, the line breaks or it is time to end; `passed` were answered for themselves, or broke it by their own fault. */
async function letters(
  floor: Floor,
  way: Way,
  connection: mail.Connection,
): Promise<{ passed: number; reason: string }> {
  let passed = 0
  let reason = 'the relay closed the connection'
  let announced: Next | undefined
  const announce = () => {
    announced = promptly(floor, way)
    return announced && floor.ahead.get(announced.task)?.done
  }
  while (connection.open && !floor.over.aborted && !way.paused()) {
    const early = announced !== undefined
    const following = announced ?? (await awaited(floor, way))
    announced = undefined
    if (!following) break
    const { task, turn } = following
    if (early) floor.busy--
    if (!connection.open) {
      back(floor, way, following) // it broke while idle: another line takes this letter
      break
    }
    const { answer, fault, mark } = await submit(floor, way, connection, { task, early, later: passed > 0, announce })
    if (announced && answer.kind === 'unknown') way.keepsApart()
    if (mark !== 'yes') way.unused(turn)
    if (mark === 'unable') await rest(UNABLE, floor.over)
    if (mark !== 'yes') {
      passed++ // when the line has ended, it was we who hung up
      continue
    }
    if (['accepted', 'refused', 'deferred'].includes(answer.kind)) {
      passed++
      way.works()
    } else if (fault) {
      passed++
    } else {
      reason = answer.reply
      // A relay may end a line after so many letters; when it says so to the first, it means itself.
      if (answer.kind === 'trouble' && (passed === 0 || !/^421/.test(answer.reply))) way.stop(answer.reply)
    }
  }
  if (announced) {
    floor.busy--
    back(floor, way, announced)
  }
  return { passed, reason }
}

/** The next letter of a line in its turn; undefined when there is none. */
async function awaited(floor: Floor, way: Way): Promise<Next | undefined> {
  const turn = await way.turn(floor.over)
  if (!turn) return undefined
  const task = await next(floor)
  if (!task) way.unused(turn)
  return task && { task, turn }
}

/** The next letter, if it is made and need not wait for anything: its envelope goes with the letter before. */
function promptly(floor: Floor, way: Way): Next | undefined {
  const { stock, lanes, ahead, over, low, wants } = floor
  const [task] = stock
  if (!task || !way.takesAhead() || way.paused() || over.aborted) return undefined
  const made = ahead.get(task)
  if (!made?.done || made.sign !== way.relay.sign) return undefined
  if (stock.length === low) wants.ring()
  stock.shift()
  if (lanes.turnsAway(task)) return undefined
  floor.busy++ // neither in stock nor on the wire, and not to be forgotten
  return { task, turn: FREE }
}

function back({ stock }: Floor, way: Way, { task, turn }: Next): void {
  stock.unshift(task)
  way.unused(turn)
}

/** A letter, made ahead: signing goes on beside the main thread while others are on the wire. */
function made(floor: Floor, task: Task, { relay }: Way): Promise<Letter> {
  const ahead = floor.ahead.get(task)
  if (ahead?.sign === relay.sign) return ahead.letter
  const made: Made = { sign: relay.sign, letter: floor.desk.make(task, relay) }
  made.letter.then(
    (letter) => {
      made.done = letter
    },
    () => {}, // said when it is its turn
  )
  floor.ahead.set(task, made)
  return made.letter
}

/** Makes the letters that come next, while the relay takes those that leave in this moment. */
function makeAhead(floor: Floor, way: Way): void {
  if (floor.making) return
  floor.making = true
  setImmediate(() => {
    floor.making = false
    for (const following of floor.stock.slice(0, AHEAD * floor.open.size)) void made(floor, following, way)
  })
}

async function next(floor: Floor): Promise<Task | undefined> {
  for (;;) {
    const task = await first(floor)
    if (!task || !floor.lanes.turnsAway(task)) return task
  }
}

async function first(floor: Floor): Promise<Task | undefined> {
  if (floor.stock.length === 0) {
    floor.idle++
    floor.wants.ring()
    const deadline = performance.now() + IDLE
    while (floor.stock.length === 0 && !floor.over.aborted && performance.now() < deadline)
      await floor.filled.wait(deadline - performance.now())
    floor.idle--
  }
  if (floor.stock.length === floor.low) floor.wants.ring()
  return floor.over.aborted ? undefined : floor.stock.shift()
}

/** `early`: its envelope went with the letter before. `later`: its line had passed others. */
type Tried = { task: Task; early: boolean; later: boolean }

type Outcome = { answer: mail.Answer; fault: boolean; mark: Mark }

/**
 * One letter's turn. Its envelope goes out while its mark is being written, its body and dot only after that: until then
 * nothing has happened that the relay could deliver.
 */
async function submit(
  floor: Floor,
  way: Way,
  connection: mail.Connection,
  { announce, ...tried }: Tried & { announce: () => mail.Envelope | undefined },
): Promise<Outcome> {
  const { app, ledger, stock } = floor
  const { task } = tried
  floor.busy++
  const letter = made(floor, task, way)
  const marked = ledger.mark(task)
  if (ledger.failing) await marked // no relay is to be kept waiting for a disk that is full
  const mayGo = async () => {
    if ((await marked) !== 'yes') return false
    makeAhead(floor, way)
    return true
  }
  let answer: mail.Answer
  try {
    const { from, to, pieces } = await letter
    answer = await connection.submit({ from, to }, pieces, mayGo, announce)
  } catch (error) {
    app.log.error('a letter cannot be made', { letter: keyOf(task), error })
    answer = { kind: 'deferred', reply: 'this letter cannot be made' }
  }
  const mark = await marked
  if (mark === 'unable') stock.unshift(task)
  const fault = mark === 'yes' && finish(floor, way, tried, answer)
  floor.busy--
  if (stock.length === 0) floor.wants.ring()
  return { answer, fault, mark }
}

/** Has the ledger write what became of a letter; true when its line broke by its fault. */
function finish(floor: Floor, way: Way, tried: Tried, answer: mail.Answer): boolean {
  const { task } = tried
  const { app, ledger, lanes, stock, sent } = floor
  floor.ahead.delete(task) // the next try is made anew
  const { lasting, fault } = judge(floor, way, tried, answer)
  const heard = lanes.hear(task, lasting)
  const told = { answer: lasting, heard, relayId: way.id, now: instant(app.now()), pauses: app.config.retry }
  const entry = verdict(task, told)
  ledger.record(entry)
  const { state, attempts, due_at, doubted_at, reply } = entry
  Object.assign(task, { attempts, due_at, doubted_at, reply })
  if (state === 'claimed') {
    if (!lanes.turnsAway(task)) stock.push(task) // to the end: another letter tells whether it was this one's fault
  } else if (state in sent) sent[state as keyof Sent]++
  return fault
}

/** A letter that keeps breaking its line by its own fault spends a try, or it would come back for ever. */
function judge(
  { strikes }: Floor,
  way: Way,
  { task, early, later }: Tried,
  answer: mail.Answer,
): { lasting: mail.Answer; fault: boolean } {
  const key = keyOf(task)
  if (early && answer.kind === 'unsent') way.keepsApart() // it was not heard out because it came too soon, perhaps
  if ((early && answer.kind === 'unsent') || (later && answer.unheard)) return { lasting: answer, fault: false }
  if (answer.kind !== 'unsent' && answer.kind !== 'trouble') {
    strikes.delete(key)
    return { lasting: answer, fault: false }
  }
  const before = strikes.get(key) ?? 0
  const { alone, again } = way.broke(key)
  const fault = answer.kind === 'unsent' && (alone || before >= STRIKES)
  const times = fault || !again ? before + 1 : before
  strikes.set(key, times)
  return { lasting: times < STRIKES ? answer : { kind: 'deferred', reply: answer.reply }, fault }
}

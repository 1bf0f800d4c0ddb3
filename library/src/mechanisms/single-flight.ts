/**
 * One READ per key at a time in a process; others wait for it.
 *
 * Not every caller may: a reply that is already on its way can be older than a write acknowledged
 * before the caller came. So a caller joins a flight only if no command of it is under way, or the
 * one under way was sent after the caller arrived. A late caller waits for the flight's end, and
 * all late callers share one new flight, which normally ends with a hit.
 */
export class SingleFlight<T> {
  readonly #flights = new Map<string, Flight<T>>()
  #sequence = 0

  /** To be called before the caller sends its own first command. */
  arrive(): number {
    this.#sequence += 1
    return this.#sequence
  }

  /**
   * Joins the key's flight, or starts one. `fly` is told whether it takes off for late callers:
   * then its first command has to be a GET.
   */
  async board(
    key: string,
    arrivedAt: number,
    fly: (flight: FlightCommands, isForLateCallers: boolean) => Promise<T>,
  ): Promise<{ readonly value: T; readonly isJoined: boolean }> {
    const current = this.#flights.get(key)
    if (current === undefined) {
      return { value: await this.#takeOff(key, fly, false), isJoined: false }
    }
    if (current.sentAt > arrivedAt) return { value: await current.landed, isJoined: true }
    return { value: await this.#boardNext(key, current, fly), isJoined: true }
  }

  #takeOff(
    key: string,
    fly: (flight: FlightCommands, isForLateCallers: boolean) => Promise<T>,
    isForLateCallers: boolean,
  ): Promise<T> {
    const flight = new Flight<T>(() => this.arrive())
    this.#flights.set(key, flight)
    flight.landed = fly(flight, isForLateCallers)
    // started before anyone can arrive in between, so that there is never a second flight of a key
    const land = () => {
      this.#flights.delete(key)
      flight.startNext?.()
    }
    flight.landed.then(land, land)
    return flight.landed
  }

  #boardNext(
    key: string,
    current: Flight<T>,
    fly: (flight: FlightCommands, isForLateCallers: boolean) => Promise<T>,
  ): Promise<T> {
    current.next ??= new Promise<T>((resolve) => {
      current.startNext = () => resolve(this.#takeOff(key, fly, true))
    })
    return current.next
  }
}

/** What a flight tells about its commands. */
export interface FlightCommands {
  /** A command is sent whose reply may become the flight's answer. */
  sending(): void
  /** The reply has come, and will not be the answer. */
  idle(): void
}

class Flight<T> implements FlightCommands {
  /** When the command under way was sent, on the counter of arrivals; Infinity: none is under way. */
  sentAt = Number.POSITIVE_INFINITY
  landed!: Promise<T>
  next: Promise<T> | undefined
  startNext: (() => void) | undefined
  readonly #tick: () => number

  constructor(tick: () => number) {
    this.#tick = tick
  }

  sending(): void {
    this.sentAt = this.#tick()
  }

  idle(): void {
    this.sentAt = Number.POSITIVE_INFINITY
  }
}

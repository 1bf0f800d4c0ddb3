import type { Call } from './intercepted.ts'

/** A call that waits for the test: its execution and its answer are two steps. */
export interface HeldCall {
  readonly method: string
  readonly args: readonly unknown[]
  /** Executes the call now; its caller still waits. Resolves when it has executed, whatever it gave. */
  execute(): Promise<void>
  /** Gives the caller what the execution gave; executes first, if that has not happened. */
  answer(): Promise<void>
  /** Rejects the caller, executed or not: before, a request that never arrived; after, a lost answer. */
  fail(error: Error): void
}

/** The calls that wait, in the order in which they were made. */
export interface HeldCalls {
  /** Calls that were neither answered nor failed. */
  waiting(method?: string): readonly HeldCall[]
  /** The earliest call (of this method) that was not yet taken by `next`; waits for it to be made. */
  next(method?: string): Promise<HeldCall>
  /** Answers what waits, and holds nothing from now on. */
  open(): Promise<void>
  /** Holds again. */
  close(): void
}

/** The queue behind the fakes: `around` is what they give to `intercepted`. */
export function heldCalls(): { readonly held: HeldCalls; around(call: Call): Promise<unknown> } {
  const waiting = new Set<HeldCall>()
  const untaken: HeldCall[] = []
  const takers: { readonly method: string | undefined; take(call: HeldCall): void }[] = []
  let isOpen = false

  function offer(call: HeldCall): void {
    const index = takers.findIndex(({ method }) => method === undefined || method === call.method)
    if (index >= 0) takers.splice(index, 1)[0]?.take(call)
    else untaken.push(call)
  }

  const held: HeldCalls = {
    waiting: (method) =>
      [...waiting].filter((call) => method === undefined || call.method === method),
    next(method) {
      const index = untaken.findIndex((call) => method === undefined || call.method === method)
      const [call] = index < 0 ? [] : untaken.splice(index, 1)
      if (call !== undefined) return Promise.resolve(call)
      return new Promise((resolve) => takers.push({ method, take: resolve }))
    },
    async open() {
      isOpen = true
      untaken.length = 0
      await Promise.all([...waiting].map((call) => call.answer()))
    },
    close() {
      isOpen = false
    },
  }

  return {
    held,
    around(call) {
      if (isOpen) return attempt(call)
      return new Promise((resolve, reject) => {
        const heldCall = hold(call, { resolve, reject }, () => waiting.delete(heldCall))
        waiting.add(heldCall)
        offer(heldCall)
      })
    },
  }
}

async function attempt(call: Call): Promise<unknown> {
  return call.execute()
}

interface Caller {
  resolve(value: unknown): void
  reject(error: unknown): void
}

function hold(call: Call, caller: Caller, leave: () => void): HeldCall {
  let execution: Promise<{ give(): void }> | undefined
  const run = () => {
    execution ??= attempt(call).then(
      (value) => ({ give: () => caller.resolve(value) }),
      (error: unknown) => ({ give: () => caller.reject(error) }),
    )
    return execution
  }
  return {
    method: call.method,
    args: call.args,
    async execute() {
      await run()
    },
    async answer() {
      const { give } = await run()
      leave()
      give()
    },
    fail(error) {
      leave()
      caller.reject(error)
    },
  }
}

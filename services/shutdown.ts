const signals = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const

/** Under npm one signal to the group (Ctrl-C) arrives twice: directly, and passed on by npm. */
const sameKeystrokeMs = 100

/** Less than the 10 s after which a supervisor is expected to kill. */
const closeWithinMs = 9_000

/**
 * Ends the process well: on a signal `close` runs, then exit 0; after an uncaught error the same
 * with exit 1. A second signal, or a `close` that takes longer than 9 s, exits 1 at once. The
 * returned function does the same for other reasons.
 */
export function shutDownWith(close: () => Promise<void>): (exitCode: number) => void {
  let begunAt: number | undefined

  const shutDown = async (exitCode: number) => {
    begunAt = performance.now()
    // It also keeps the process until then: what is closed waits on timers that do not.
    setTimeout(() => {
      console.error(`not closed after ${closeWithinMs / 1_000} s: ending without`)
      process.exit(1)
    }, closeWithinMs)
    try {
      await close()
      process.exit(exitCode)
    } catch (error) {
      console.error(`while closing: ${describe(error)}`)
      process.exit(1)
    }
  }

  for (const signal of signals) {
    process.on(signal, () => {
      if (begunAt === undefined) {
        console.error(`${signal}: finishing requests and closing (again: end at once)`)
        void shutDown(0)
      } else if (performance.now() - begunAt > sameKeystrokeMs) {
        process.exit(1)
      }
    })
  }
  // Node raises unhandled rejections here too.
  process.on('uncaughtException', (error) => {
    console.error(`uncaught: ${describe(error)}`)
    if (begunAt === undefined) void shutDown(1)
    else process.exit(1)
  })
  return (exitCode) => {
    if (begunAt === undefined) void shutDown(exitCode)
  }
}

/** Message and stack alone: other properties of a database error may hold a row's values. */
function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

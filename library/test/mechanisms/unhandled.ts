import { onTestFinished } from 'vitest'

/** Rejections that nobody handled, since the test began. */
export function unhandled(): unknown[] {
  const found: unknown[] = []
  const listener = (reason: unknown) => void found.push(reason)
  process.on('unhandledRejection', listener)
  onTestFinished(() => void process.off('unhandledRejection', listener))
  return found
}

/** Why a process cannot start, in words for whoever started it: shown without a stack trace, exit code 1. */
export class StartError extends Error {
  override readonly name = 'StartError'
}

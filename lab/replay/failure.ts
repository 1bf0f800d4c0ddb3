/** What went wrong, in one line for whoever ran the command: shown without a stack trace, exit code 1. */
export class Failure extends Error {
  override readonly name = 'Failure'
}

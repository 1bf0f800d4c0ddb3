/** A journal file that cannot be used as it is. Its message is one line: which file, where in it, what was expected, what can be done. */
export class JournalFileError extends Error {
  override readonly name = 'JournalFileError'
  readonly path: string
  /** Where in the file, in bytes. */
  readonly position: number

  constructor(path: string, position: number, problem: string) {
    super(`journal file ${path}, byte ${position}: ${problem}`)
    this.path = path
    this.position = position
  }
}

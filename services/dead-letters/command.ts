import { StartError } from '../start-error.ts'
import { adminOf, type ListedLetter, RefusedError } from './admin.ts'
import { type Command, parseArguments, UsageError, usage } from './arguments.ts'
import { tableOf } from './table.ts'

/** Where a command speaks to, beside the service. */
export interface CommandSurroundings {
  /** Throws a `StartError` when there is one that no service has. */
  readonly token: () => string | undefined
  readonly print: (text: string) => void
  /** One line on what is wrong. */
  readonly complain: (line: string) => void
}

/**
 * Does what a command line says about the dead letters of a running service. Returns the exit code: 0 done;
 * 1 refused, or the service does not answer; 2 the command line says nothing that can be done.
 */
export async function runCommand(
  args: readonly string[],
  { token, print, complain }: CommandSurroundings,
): Promise<number> {
  try {
    const { command, url, isJson } = parseArguments(args)
    const { words, json } = await done(command, adminOf(url, token()))
    print(isJson ? JSON.stringify(json) : words)
    return 0
  } catch (error) {
    if (error instanceof UsageError) {
      if (error.message === '') print(usage)
      else complain(`${error.message}\n\n${usage}`)
      return error.message === '' ? 0 : 2
    }
    if (!(error instanceof RefusedError || error instanceof StartError)) throw error
    complain(error.message)
    return 1
  }
}

type Admin = ReturnType<typeof adminOf>

/** What there is to say, for people and for programs. */
interface Report {
  readonly words: string
  readonly json: object
}

async function done(command: Command, admin: Admin): Promise<Report> {
  switch (command.name) {
    case 'list': {
      const json = await admin.list()
      return { words: tableOf(json), json }
    }
    case 'retry':
      return retried(command, admin)
    case 'discard':
      await admin.discard(command.id)
      return { words: `${command.id}: discarded`, json: { id: +command.id, status: 'discarded' } }
    case 'flush':
      await admin.flush()
      return {
        words: 'all that was accepted is in the database, or a dead letter',
        json: { status: 'flushed' },
      }
  }
}

async function retried(
  { id, change, wait }: Extract<Command, { name: 'retry' }>,
  admin: Admin,
): Promise<Report> {
  const isChanged = Object.keys(change).length > 0
  const draft = isChanged ? { ...draftOf(await letterOf(id, admin)), ...change } : undefined
  const status = await admin.retry(id, draft, wait)
  const late = status === 'accepted' ? `, and not yet in the database after ${wait} s` : ''
  return { words: `${id}: ${status}${late}`, json: { id: Number(id), status } }
}

async function letterOf(id: string, admin: Admin): Promise<ListedLetter> {
  const letter = (await admin.list()).deadLetters.find((each) => String(each.id) === id)
  if (letter === undefined) throw new RefusedError(`there is no dead letter of user ${id}`)
  return letter
}

function draftOf({ id, name, email }: ListedLetter) {
  if (name !== null && email !== null) return { name, email }
  throw new RefusedError(`the dead letter of user ${id} is of a delete: there is nothing to change`)
}

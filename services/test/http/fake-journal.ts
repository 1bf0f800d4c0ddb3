import { CacheError, type DeadLetter, type WriteResult } from 'caching-patterns'
import type { User, UserDraft, UserJournal } from '../../http/port.ts'

/** Dead letters in a Map, and a flush that takes as long as a test wants. */
export interface FakeJournal extends UserJournal {
  /** A refused update, or with `json: null` a delete; the fields of the letter may be others. */
  park(id: number, letter?: Partial<DeadLetter<number, User>>): void
}

interface Rows {
  enter(call: string): Promise<void>
  write(id: number, draft: UserDraft): WriteResult<User>
  remove(): WriteResult<User>
}

const at = Date.UTC(2030, 0, 2, 3, 4, 5)

export function fakeJournal({ enter, write, remove }: Rows): FakeJournal {
  const letters = new Map<number, DeadLetter<number, User>>()
  return {
    park(key, letter = {}) {
      const stamps = {
        createdAt: new Date(at).toISOString(),
        updatedAt: new Date(at).toISOString(),
      }
      const value = { id: key, name: `Ada ${key}`, email: `ada${key}@example.com`, ...stamps }
      const reason = 'duplicate key value violates unique constraint "users_email"'
      letters.set(key, {
        ...{ key, version: 7, json: JSON.stringify(value), sqlstate: '23505', reason },
        ...{ attempts: 2, at, value: letter.json === null ? undefined : value },
        ...letter,
      })
    },
    async deadLetters() {
      await enter('deadLetters')
      return [...letters.values()]
    },
    async retryDeadLetter(key, change, { signal, ...terms } = {}) {
      await enter(`retryDeadLetter ${key} ${JSON.stringify(change)} ${JSON.stringify(terms)}`)
      const letter = letters.get(key)
      if (letter === undefined) throw new CacheError('NO_DEAD_LETTER', 'scripted', { key })
      if (letter.supersededBy) throw new CacheError('SUPERSEDED', 'scripted', { key })
      letters.delete(key)
      const { value } = letter
      return value === undefined ? remove() : write(key, { ...draftOf(value), ...change })
    },
    async discardDeadLetter(key) {
      await enter(`discardDeadLetter ${key}`)
      return letters.delete(key)
    },
    flush: () => enter('flush'),
  }
}

function draftOf({ name, email }: UserDraft): UserDraft {
  return { name, email }
}

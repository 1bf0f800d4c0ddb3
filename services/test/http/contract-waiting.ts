import { describe, expect, test } from 'vitest'
import type { Subject } from './contract-subject.ts'

/** `Prefer: wait=N` on writes of users. */
export function waiting(subject: Subject): void {
  describe('Prefer: wait', () => preferring(subject))
}

function preferring(subject: Subject): void {
  const { durableStatus, writeStatus, hasJournal } = subject.traits
  const statusOf = ({ headers }: { headers: Headers }) => ({
    status: headers.get('write-status'),
    applied: headers.get('preference-applied'),
  })
  const writes = async (headers: Record<string, string>) => {
    const { path } = await subject.create()
    return [
      await subject.send('POST', '/users', { body: subject.freshDraft(), headers }),
      await subject.send('PUT', path, { body: subject.freshDraft(), headers }),
      await subject.send('DELETE', path, { headers }),
    ]
  }

  test('answers when the write is in the database, and says so', async () => {
    const answers = await writes({ prefer: 'respond-async, Wait="10"' })
    expect(answers.map(({ status }) => status)).toEqual([201, 200, 204])
    for (const answer of answers) {
      expect(statusOf(answer)).toEqual({ status: durableStatus, applied: 'wait=10' })
    }
  })

  test('leaves a row that is found without the cache', async () => {
    const { path } = await subject.create()
    const init = { body: subject.freshDraft(), headers: { prefer: 'wait=10' } }
    const { text } = await subject.send('PUT', path, init)
    await subject.send('POST', '/admin/cache/clear')
    const read = await subject.send('GET', path)
    expect(read.headers.get('cache-status')).toMatch(/fwd=miss/)
    expect(JSON.parse(read.text)).toEqual(JSON.parse(text))
  })

  test('of no time waits for nothing, and is applied to what is in the database anyway', async () => {
    const applied = hasJournal ? null : 'wait=0'
    for (const answer of await writes({ prefer: 'wait=0' })) {
      expect(statusOf(answer)).toEqual({ status: writeStatus, applied })
    }
  })

  test.each(['wait', 'wait=soon', 'return=minimal', 'wait=-1', '"'])(
    'that cannot be understood is ignored: %s',
    async (prefer) => {
      for (const answer of await writes({ prefer })) {
        expect(statusOf(answer)).toEqual({ status: writeStatus, applied: null })
      }
    },
  )
}

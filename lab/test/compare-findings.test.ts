import { describe, expect, it } from 'vitest'
import type { ComparisonResult } from '../compare/comparison-result.ts'
import { brokenPromises, silentControls } from '../compare/findings.ts'
import { newNotebook } from '../compare/notebook.ts'
import type { SubjectName } from '../compare/subject.ts'

interface Seen {
  readonly staleAgesMs?: readonly number[]
  readonly lost?: number
}

function subject(name: SubjectName, { staleAgesMs = [], lost = 0 }: Seen) {
  const of = { round: 1, examples: [`${name} shows it`] }
  const kill = { ...of, acknowledged: 9, lost, staleReads: 3, readsAfter: 9 }
  return {
    name,
    records: {
      ...newNotebook(),
      staleness: [{ ...of, reads: 9, writes: 9, labelledStale: 0, staleAgesMs }],
      kills: [{ ...kill, staleForMs: 1, recoveredMs: 1 }],
    },
  }
}

function result(
  subjects: readonly ReturnType<typeof subject>[],
  over: Partial<Pick<ComparisonResult, 'isQuick' | 'servers'>> = {},
): ComparisonResult {
  const servers = { redis: '7.0', postgres: '15' }
  return { isQuick: false, servers, subjects, ...over } as unknown as ComparisonResult
}

describe('findings', () => {
  it('names a pattern that was stale or lost a write, with an example', () => {
    const found = brokenPromises(
      result([
        subject('read-through', { staleAgesMs: [5, 7] }),
        subject('write-behind', { lost: 2 }),
        subject('cache-aside', {}),
      ]),
    )
    expect(found).toEqual([
      'read-through: 2 reads were older than a confirmed write: read-through shows it',
      'write-behind: 2 acknowledged writes were lost: write-behind shows it',
    ])
  })

  it('expects nothing of controls', () => {
    expect(brokenPromises(result([subject('naive', { staleAgesMs: [1], lost: 1 })]))).toEqual([])
  })

  it('says when a control showed nothing', () => {
    const subjects = [subject('naive', { lost: 1 }), subject('naive-write-behind', {})]
    expect(silentControls(result(subjects))).toEqual([
      'naive: no read was stale',
      'naive-write-behind: no write was lost',
    ])
    const shown = [
      subject('naive', { staleAgesMs: [1] }),
      subject('naive-write-behind', { lost: 1 }),
    ]
    expect(silentControls(result(shown))).toEqual([])
  })

  it('lets controls be silent in a quick run, and without servers', () => {
    const subjects = [subject('naive', {})]
    expect(silentControls(result(subjects, { isQuick: true }))).toEqual([])
    const servers = { redis: undefined, postgres: undefined }
    expect(silentControls(result(subjects, { servers }))).toEqual([])
  })
})

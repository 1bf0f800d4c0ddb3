import type { SubjectName } from '../subject.ts'

/** What each subject does, for who never heard of it. */
export const subjectSentences: Readonly<Record<SubjectName, string>> = {
  'cache-aside': 'asks the cache, loads on a miss, and invalidates after its own commit.',
  'read-through': 'asks only the cache, which loads on a miss, one load at a time per key.',
  'write-through': 'publishes every committed write, so that the next read is a hit.',
  'write-behind': 'answers once a write is accepted; the database follows in batches.',
  'refresh-ahead': 'reloads what is still read before it expires, so that nobody waits.',
  'no-cache': 'control: every read and every write goes to the database.',
  naive:
    'control: cache-aside as tutorials show it. A miss loads and SETs, a write commits and DELs.',
  'naive-write-behind':
    'control: write-behind as tutorials show it. SET, RPUSH to a list, answer; a loop takes a batch off the list and writes it.',
}

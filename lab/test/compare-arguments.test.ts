import { describe, expect, it } from 'vitest'
import { type MeasureArguments, readArguments } from '../compare/arguments.ts'
import { subjectNames } from '../compare/subject.ts'

function measured(...args: readonly string[]): MeasureArguments {
  const read = readArguments(args)
  if (read?.kind === 'measure') return read.measure
  throw new Error(`expected a measurement, received ${JSON.stringify(read)}`)
}

describe('arguments of the comparison', () => {
  it('compares all subjects by cluster 7 unless told otherwise', () => {
    expect(measured()).toEqual({
      isQuick: false,
      isEmbedded: false,
      subjects: subjectNames,
      workload: { cluster: 7, keys: 2_000, skew: undefined, valueBytes: undefined, seed: 1 },
      rounds: undefined,
      results: 'lab/results/compare',
    })
  })

  it('takes subjects in the order of the tables', () => {
    const { subjects } = measured('--only', 'naive', '--only', 'read-through')
    expect(subjects).toEqual(['read-through', 'naive'])
  })

  it('takes a trace, which has keys of its own', () => {
    expect(measured('--trace', 'a.csv', '--seed', '3').workload).toEqual({
      trace: 'a.csv',
      seed: 3,
    })
  })

  it('takes results with their ending or without', () => {
    expect(measured('--results', 'a/b.json').results).toBe('a/b')
    expect(measured('--results', 'a/b').results).toBe('a/b')
  })

  it('renders and compares what was measured', () => {
    expect(readArguments(['--render', 'a.json'])).toEqual({ kind: 'render', file: 'a.json' })
    const files = ['a.json', 'b.json']
    expect(readArguments(['--agree', ...files])).toEqual({ kind: 'agree', files })
  })

  it('has help', () => {
    expect(readArguments(['--help'])).toBeUndefined()
  })

  it.each([
    [['--only', 'redis'], '--only: expected cache-aside, .*, received "redis"'],
    [['--rounds', '0'], '--rounds: expected a whole number from 1 to 100, received "0"'],
    [['--agree', 'a.json'], '--agree: expected two files of results, received 1'],
    [['--fast'], "Unknown option '--fast'"],
    [['a.json'], 'Unexpected argument'],
  ])('refuses %j in one line', (args, message) => {
    expect(() => readArguments(args)).toThrow(new RegExp(message))
  })
})

import { describe, expect, test } from 'vitest'
import { defaults } from '../../src/patterns/settings.ts'
import { filesIn, read } from './repository.ts'

interface Field {
  readonly name: string
  readonly defaultValue: string
}

const declaration = /^export interface (\w+(?:Options|Policy))\b([\s\S]*?)^\}/gm
const interfaces = ['contract', 'patterns', 'stores', 'sources']
  .flatMap((room) => filesIn(`library/src/${room}`, '.ts'))
  .flatMap((file) => [...read(file).matchAll(declaration)])
  .map(([, name = '', body = '']) => ({ name, fields: fieldsOf(body) }))
  .filter(({ fields }) => fields.length > 0)

/** The fields of an interface, with the default that each docstring states: "Default 5 s." */
function fieldsOf(body: string): Field[] {
  const field = /(?:\/\*\*((?:(?!\*\/)[\s\S])*?)\*\/\s+)?readonly (\w+)(\?)?:/g
  return [...body.matchAll(field)]
    .filter(([, , name]) => name !== 'policy')
    .map(([, text = '', name = '', optional]) => {
      const stated = /Default:? (.+?)\.(?= |$)/.exec(text.replace(/\s+\*?\s*/g, ' '))?.[1]
      return { name, defaultValue: stated ?? (optional ? 'none' : 'required') }
    })
}

/** The sections of the page by the interface in their heading, with the rows of their tables. */
const sections = [...read('docs/options.md').matchAll(/^## `(\w+)`\n((?:(?!^## )[\s\S])*)/gm)].map(
  ([, name, text = '']) => {
    const rows = [...text.matchAll(/^\| `(\w+)` \| (.+?) \|/gm)]
    return { name, fields: rows.map(([, name, defaultValue]) => ({ name, defaultValue })) }
  },
)

const fields = interfaces.flatMap((each) => each.fields)

test('the page has a section for each type of options, and no other', () => {
  expect(sections.map(({ name }) => name).sort()).toEqual(interfaces.map((i) => i.name).sort())
})

describe.each(interfaces)('$name', ({ name, fields }) => {
  test('is documented field by field, with the defaults of its docstrings', () => {
    expect(sections.find((section) => section.name === name)?.fields).toEqual(fields)
  })
})

test.each(Object.entries(defaults))(
  'the docstring of %s states the default of the code',
  (key, value) => {
    const stated = fields.find((each) => each.name === key && each.defaultValue !== 'none')
    const [, text = '', unit = ''] =
      /^[`']*([\w%.,]+)[`']*(?: (\w+))?/.exec(stated?.defaultValue ?? '') ?? []
    const factor = { ms: 1, s: 1_000, min: 60_000, MiB: 1024 ** 2 }[unit] ?? 1
    expect(typeof value === 'number' ? Number(text.replaceAll(',', '')) * factor : text).toBe(value)
  },
)

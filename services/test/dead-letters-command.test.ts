import { describe, expect, test } from 'vitest'
import { runCommand } from '../dead-letters/command.ts'
import { readAdminToken } from '../environment.ts'
import { send } from './http/client.ts'
import { type FakeParts, fakeParts } from './http/fake-users.ts'
import { startApp } from './http/start-app.ts'
import { start } from './process/service-process.ts'

/** What the command prints and complains of, with its exit code; `url` of a service that has dead letters. */
async function run(url: string, args: readonly string[], token?: string) {
  const printed: string[] = []
  const complaints: string[] = []
  const code = await runCommand([...args, '--url', url], {
    token: () => token,
    print: (text) => printed.push(text),
    complain: (line) => complaints.push(line),
  })
  return { code, printed: printed.join('\n'), complaint: complaints.join('\n') }
}

async function service(options?: Parameters<typeof startApp>[0]) {
  const { url, parts } = await startApp(options, fakeParts('write-behind'))
  return { url, parts, park: parts.journal.park }
}

const lettersOf = async ({ journal }: FakeParts) =>
  (await journal.deadLetters()).map(({ key }) => key)

describe('without a word', () => {
  test('lists the dead letters as a table', async () => {
    const { url, park } = await service()
    park(4, { reason: 'first line\nsecond\u001b[2J' })
    park(42, { json: null, sqlstate: '23503', reason: 'is referenced', supersededBy: 9 })
    const { code, printed } = await run(url, [])
    expect(code).toBe(0)
    expect(printed.split('\n')).toEqual([
      'id  write   at                        sqlstate  tries  name   email             reason',
      '4   update  2030-01-02T03:04:05.000Z  23505     2      Ada 4  ada4@example.com  first line second [2J',
      '42  delete  2030-01-02T03:04:05.000Z  23503     2      -      -                 superseded: is referenced',
    ])
  })

  test('says so when there are none', async () => {
    const { url } = await service()
    expect(await run(url, [])).toMatchObject({ code: 0, printed: 'no dead letters' })
  })

  test('says how many there are when it does not show all', async () => {
    const { url, park } = await service()
    for (let id = 1; id <= 1_001; id += 1) park(id)
    const { printed } = await run(url, [])
    expect(printed.split('\n').at(-1)).toBe('... the oldest 1000 of 1001')
  })

  test('prints what the service answers with --json', async () => {
    const { url, park } = await service()
    park(4)
    const { printed } = await run(url, ['--json'])
    expect(printed).toBe((await send(url, 'GET', '/admin/dead-letters')).text)
  })
})

describe('retry', () => {
  test('writes a letter again, waits for the database, and says what is known', async () => {
    const { url, park, parts } = await service()
    park(4)
    parts.script.writeNext('persisted')
    expect(await run(url, ['retry', '4'])).toMatchObject({ code: 0, printed: '4: persisted' })
    const terms = '{"durability":"persisted","within":"10s"}'
    expect(parts.calls).toEqual([`retryDeadLetter 4 undefined ${terms}`])
  })

  test('says when the database is not there yet', async () => {
    const { url, park, parts } = await service()
    park(4)
    parts.script.writeNext('accepted')
    const { code, printed } = await run(url, ['retry', '4', '--wait', '2'])
    expect({ code, printed }).toEqual({
      code: 0,
      printed: '4: accepted, and not yet in the database after 2 s',
    })
    park(5)
    parts.script.writeNext('accepted')
    expect((await run(url, ['retry', '5', '--json'])).printed).toBe('{"id":5,"status":"accepted"}')
  })

  test('changes what it is told to, and keeps the rest of the letter', async () => {
    const { url, park, parts } = await service()
    const drafts = async (...args: string[]) => {
      park(4)
      expect((await run(url, ['retry', '4', '--wait', '0', ...args])).code).toBe(0)
      const call = parts.calls.filter((each) => each.startsWith('retry')).at(-1)
      return JSON.parse(/\{.*?\}/.exec(call ?? '')?.[0] ?? '')
    }
    expect(await drafts('--email', 'eve@example.com')).toEqual({
      name: 'Ada 4',
      email: 'eve@example.com',
    })
    expect(await drafts('--name', 'Eve')).toEqual({ name: 'Eve', email: 'ada4@example.com' })
  })

  test('of a delete does it, and refuses to change it', async () => {
    const { url, park, parts } = await service()
    park(4, { json: null })
    const refused = await run(url, ['retry', '4', '--name', 'Eve'])
    expect(refused).toEqual({
      code: 1,
      printed: '',
      complaint: 'the dead letter of user 4 is of a delete: there is nothing to change',
    })
    expect(await lettersOf(parts)).toEqual([4])
    parts.script.writeNext('persisted')
    expect((await run(url, ['retry', '4'])).printed).toBe('4: persisted')
  })

  test('complains in one line of what the service refuses', async () => {
    const { url, park } = await service()
    expect(await run(url, ['retry', '4'])).toMatchObject({
      code: 1,
      complaint: '404 DEAD_LETTER_NOT_FOUND: there is no dead letter of this user',
    })
    expect((await run(url, ['retry', '4', '--name', 'x'])).complaint).toBe(
      'there is no dead letter of user 4',
    )
    park(4, { supersededBy: 9 })
    const { code, complaint } = await run(url, ['retry', '4'])
    expect(code).toBe(1)
    expect(complaint).toMatch(/^409 SUPERSEDED: [^\n]+$/)
    const invalid = await run(url, ['retry', '4', '--email', 'none'])
    expect(invalid.complaint).toMatch(/^400 INVALID_BODY: email: expected [^\n]+$/)
  })
})

describe('discard and flush', () => {
  test('give a letter up, and wait for the rest', async () => {
    const { url, park, parts } = await service()
    park(4)
    expect(await run(url, ['discard', '4'])).toMatchObject({ code: 0, printed: '4: discarded' })
    expect(await lettersOf(parts)).toEqual([])
    expect((await run(url, ['discard', '4'])).code).toBe(1)
    const flushed = await run(url, ['flush'])
    expect(flushed).toMatchObject({ code: 0, printed: expect.stringMatching(/^all that was/) })
    expect(parts.calls).toContain('flush')
  })
})

describe('a service', () => {
  test('that has a token is given it', async () => {
    const { url } = await service({ admin: { token: 'secret', isLoopback: true } })
    const { code, complaint } = await run(url, [])
    expect(code).toBe(1)
    expect(complaint).toMatch(/^401 UNAUTHORIZED: [^\n]*: set ADMIN_TOKEN to the token/)
    expect((await run(url, [], 'secret')).printed).toBe('no dead letters')
  })

  test('that does not answer is told in one line', async () => {
    const { code, complaint } = await run('http://127.0.0.1:1', [])
    expect(code).toBe(1)
    expect(complaint).toMatch(/^http:\/\/127\.0\.0\.1:1 does not answer \([^\n]+ --url$/)
  })

  test('of another pattern is told apart', async () => {
    const { url } = await startApp()
    expect((await run(url, [])).complaint).toBe(
      `${url} is not a write-behind service (404): name one with --url`,
    )
  })
})

describe('a command line', () => {
  test.each([
    [['remove', '4'], /there is no command remove/],
    [['retry'], /retry: expected the id of one user, received nothing/],
    [['discard', 'ada'], /received ada/],
    [['discard', '4', '5'], /received 4 5/],
    [['flush', '4'], /flush: expected no more words/],
    [['discard', '4', '--name', 'x'], /--name, --email and --wait are for retry/],
    [['retry', '4', '--wait', '51'], /--wait: expected 0 to 50 seconds, received 51/],
    [['--colour'], /--colour/],
  ])('that cannot be done says why, and how it is: %j', async (args, words) => {
    const { code, complaint, printed } = await run('http://127.0.0.1:1', args)
    expect({ code, printed }).toEqual({ code: 2, printed: '' })
    expect(complaint).toMatch(words)
    expect(complaint).toContain('npm run dead-letters -- retry 42')
  })

  test('with a URL that is none is refused', async () => {
    expect((await run('ftp://x', [])).complaint).toMatch(/^--url: expected http/)
  })

  test('that asks for help gets it', async () => {
    const { code, printed } = await run('http://127.0.0.1:1', ['--help'])
    expect(code).toBe(0)
    expect(printed).toContain('npm run dead-letters -- discard 42')
  })
})

test('a token that no service has is refused, and not shown', () => {
  expect(readAdminToken({})).toBeUndefined()
  expect(readAdminToken({ ADMIN_TOKEN: 'secret' })).toBe('secret')
  expect(() => readAdminToken({ ADMIN_TOKEN: 'a secret' })).toThrow(
    /^ADMIN_TOKEN: expected .*not shown\)$/,
  )
})

test('the process exits with the code, and reads its token from the environment', async () => {
  const { url } = await service({ admin: { token: 'secret', isLoopback: true } })
  const outcome = async (variables: Record<string, string>) => {
    const command = ['services/dist/dead-letters/main.js', '--url', url]
    const { ended, output } = start(process.execPath, command, variables)
    return { code: (await ended).code, output: output() }
  }
  expect(await outcome({ ADMIN_TOKEN: 'secret' })).toEqual({ code: 0, output: 'no dead letters\n' })
  const { code, output } = await outcome({})
  expect(code).toBe(1)
  expect(output).toMatch(/^401 UNAUTHORIZED: [^\n]+\n$/)
})

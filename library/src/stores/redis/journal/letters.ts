import type { Version } from '../../../contract/entry.ts'
import type { StoredDeadLetter } from '../../../contract/journal.ts'
import { versionText } from '../entries.ts'
import type { ScriptRunner } from '../script.ts'
import { discardScript, letterScript, lettersScript, quarantineScript } from './letter-scripts.ts'
import { runEach } from './partition-calls.ts'
import type { Partitions } from './partitions.ts'

/** The dead letters of a journal: JSON that begins with the version, one per key. */
export class Letters {
  readonly #runner: ScriptRunner
  readonly #partitions: Partitions

  constructor(runner: ScriptRunner, partitions: Partitions) {
    this.#runner = runner
    this.#partitions = partitions
  }

  /** How the letter of a version begins, and no other. */
  beginning(version: Version): string {
    return `{"version":${version},`
  }

  async quarantine(letter: StoredDeadLetter): Promise<'parked' | 'superseded'> {
    const { partition, rest, entry } = this.#partitions.place(letter.key)
    const { dirty, since, bytes, dlq, newer, frees, usual } = partition
    const { version, ...others } = letter
    const text = JSON.stringify({ version, ...others })
    const isParked = await this.#runner.run(
      quarantineScript,
      [dirty, since, bytes, usual, dlq, entry, newer, frees],
      [versionText(version), rest, text, this.beginning(version)],
    )
    return isParked === 1 ? 'parked' : 'superseded'
  }

  async all(): Promise<readonly StoredDeadLetter[]> {
    const { all } = this.#partitions
    const replies = await runEach(this.#runner, all, ({ dlq, newer }) => {
      return [lettersScript, [dlq, newer], []]
    })
    return (replies as readonly (readonly [string[], string[]])[]).flatMap(([letters, newer]) => {
      const superseded = pairs(newer)
      return [...pairs(letters)].map(([rest, text]) => letterOf(text, superseded.get(rest)))
    })
  }

  async one(key: string): Promise<StoredDeadLetter | undefined> {
    const { partition, rest } = this.#partitions.place(key)
    const reply = await this.#runner.run(letterScript, [partition.dlq, partition.newer], [rest])
    const [text, newer] = reply as [string | null, string | null]
    return text === null ? undefined : letterOf(text, newer ?? undefined)
  }

  async discard(key: string, version: Version): Promise<boolean> {
    const { partition, rest } = this.#partitions.place(key)
    const args = [rest, this.beginning(version)]
    return (await this.#runner.run(discardScript, [partition.dlq, partition.newer], args)) === 1
  }
}

function letterOf(text: string, newer: string | undefined): StoredDeadLetter {
  const letter = JSON.parse(text) as StoredDeadLetter
  return newer === undefined ? letter : { ...letter, supersededBy: Number(newer) }
}

function pairs(texts: readonly string[]): Map<string, string> {
  const found = new Map<string, string>()
  for (let i = 0; i < texts.length; i += 2) found.set(texts[i] as string, texts[i + 1] as string)
  return found
}

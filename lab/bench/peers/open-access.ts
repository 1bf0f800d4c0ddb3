import type { Row } from '../../peers/peer.ts'
import { peerNamed } from '../../peers/peers.ts'
import { type Access, accessTo } from './access.ts'
import { rawClient, rawMemory, rawRedis } from './raw-client.ts'

/** Longer than any run: what is measured are hits. */
const ttlMs = 3_600_000

/** Whom to open, and on what. */
export interface Opening {
  readonly peer: string
  readonly form: string
  readonly redisPort: number
  readonly load: (key: string) => Promise<Row>
}

/** A form of a peer, or the raw client: `node-redis` or `lru-cache`. A RangeError for a form that is not there. */
export async function openAccess(opening: Opening): Promise<Access> {
  const { peer: name, form: formName, redisPort, load } = opening
  if (name === rawClient) return formName === 'lru-cache' ? rawMemory() : rawRedis(redisPort)
  const { forms, inProcess } = await peerNamed(name)
  const form = [...forms, ...inProcess].find((each) => each.name === formName)
  if (form === undefined) throw new RangeError(`${name}: no form ${JSON.stringify(formName)}`)
  return accessTo(await form.open({ redisPort, busPort: redisPort, ttlMs, load }))
}

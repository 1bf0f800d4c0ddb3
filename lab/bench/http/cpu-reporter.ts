/**
 * Loaded into a measured process before its own program (`node --import`): answers what the process
 * that started it asks, and ends with that process. It keeps the program alive for nobody.
 */
import { collectYoungGarbage } from '../garbage.ts'

process.on('message', (question) => {
  if (question === 'collect garbage') collectYoungGarbage()
  const { user, system } = process.cpuUsage()
  process.send?.(user + system)
})
process.on('disconnect', () => process.kill(process.pid, 'SIGTERM'))
process.channel?.unref()

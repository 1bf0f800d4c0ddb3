/**
 * Loaded into a measured process before its own program (`node --import`): answers what the process
 * that started it asks, and ends with that process. It keeps the program alive for nobody.
 */
import { AllocationMeter } from '../allocation.ts'
import { collectYoungGarbage } from '../garbage.ts'

const allocation = new AllocationMeter()
let countsAllocation = false

process.on('message', (question) => {
  process.send?.(answerTo(question))
})

function answerTo(question: unknown): number {
  if (question === 'allocated bytes') return allocation.stop()
  if (question === 'collect garbage') {
    collectYoungGarbage()
    if (countsAllocation) allocation.start()
  }
  if (question === 'count allocation') countsAllocation = true
  const { user, system } = process.cpuUsage()
  return user + system
}

process.on('disconnect', () => process.kill(process.pid, 'SIGTERM'))
process.channel?.unref()

import type { FigureGroup } from '../figure.ts'

/** What the figures of a group are about. */
export const groupTitles: Readonly<Record<FigureGroup, string>> = {
  speed: 'Speed: how many a second, and how long each takes',
  database: 'Database: what it is asked',
  consistency: 'Consistency: how old is what is read, and what the database holds',
  crash: 'Crash: kill -9 of a process',
  outage: 'Outage: what is answered while a server is away',
}

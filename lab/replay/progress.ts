import { Presets, SingleBar } from 'cli-progress'

/** Shows how far a run is, and what else there is to say of it. */
export interface Progress {
  update(done: number, note?: string): void
  stop(): void
}

/** A bar on a terminal; elsewhere a line at every tenth of the way. On standard error, so that results can be piped. */
export function progressOf(
  label: string,
  total: number,
  output: NodeJS.WriteStream = process.stderr,
): Progress {
  if (!output.isTTY) return lines(label, total, (line) => output.write(`${line}\n`))
  const bar = new SingleBar(
    {
      format: `${label} {bar} {percentage} % | {value}/{total} | {eta_formatted} left{note}`,
      stream: output,
      hideCursor: true,
      clearOnComplete: true,
    },
    Presets.shades_classic,
  )
  bar.start(total, 0, { note: '' })
  return {
    update: (done, note) => bar.update(done, note === undefined ? {} : { note: ` | ${note}` }),
    stop: () => bar.stop(),
  }
}

function lines(label: string, total: number, write: (line: string) => void): Progress {
  let tenths = 0
  return {
    update(done, note) {
      const reached = Math.floor((10 * done) / total)
      if (reached === tenths) return
      tenths = reached
      write(`${label} ${10 * reached} %${note === undefined ? '' : ` | ${note}`}`)
    },
    stop() {
      // Every line is complete already.
    },
  }
}

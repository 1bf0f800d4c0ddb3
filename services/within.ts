/** What a promise comes to within so many milliseconds; after that `late()`. What comes later is dropped. */
export async function within<T, Late>(
  ms: number,
  promise: Promise<T>,
  late: () => Late,
): Promise<T | Late> {
  let timer: NodeJS.Timeout | undefined
  const deadline = new Promise<() => Late>((resolve) => {
    // An answer that came while the process was busy is read before the turn ends: it is not late.
    timer = setTimeout(() => setImmediate(resolve, late), ms)
  })
  try {
    const first = await Promise.race([promise.then((value) => () => value), deadline])
    return first()
  } finally {
    clearTimeout(timer)
  }
}

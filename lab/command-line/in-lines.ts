/** Words in lines that a page can hold, with commas between them. */
export function inLines(words: readonly string[]): string[] {
  const wrapped: string[] = []
  for (const word of words) {
    const line = wrapped.at(-1)
    if (line === undefined || line.length + word.length > 110) wrapped.push(word)
    else wrapped.push(`${wrapped.pop()}, ${word}`)
  }
  return wrapped
}

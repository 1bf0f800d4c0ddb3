/** Items by what `keyOf` says of them, in the order in which each was first said. `Map.groupBy`, which Node 20 lacks. */
export function groupBy<Item, Group>(
  items: readonly Item[],
  keyOf: (item: Item) => Group,
): Map<Group, Item[]> {
  const groups = new Map<Group, Item[]>()
  for (const item of items) {
    const key = keyOf(item)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [item])
    else group.push(item)
  }
  return groups
}

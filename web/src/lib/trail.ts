/** The list a person came from: which records stood in it, so that a record page can go on to the next. */
interface Trail { place: string; ids: string[]; search: Record<string, string> }

let trail: Trail | null = null;

/** Notes the list that is in view. */
export function setTrail(place: string, ids: string[], search: Record<string, string>): void {
  trail = { place, ids, search };
}

/** Where a record stands in the list its reader came from: neighbours, position from 1, and the search of the list. */
export function trailOf(place: string, id: string): { previous: string | undefined; next: string | undefined; at: number; count: number } | null {
  if (trail?.place !== place) return null;
  const at = trail.ids.indexOf(id);
  return at < 0 ? null : { previous: trail.ids[at - 1], next: trail.ids[at + 1], at: at + 1, count: trail.ids.length };
}

/** The search of the list a person came from, so that the way back leads to the same rows. */
export function searchOf(place: string): Record<string, string> {
  return trail?.place === place ? trail.search : {};
}

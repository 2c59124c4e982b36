/** The search part of a place: flat texts, the same names as the server's query. */
export type Search = Record<string, string>;

/** Reads a search part. */
export function parseSearch(text: string): Search {
  return Object.fromEntries(new URLSearchParams(text));
}

/** Writes a search part; blanks are left out. */
export function writeSearch(search: Record<string, unknown>): string {
  const out = new URLSearchParams();
  for (const [name, value] of Object.entries(search)) {
    if (typeof value === 'string' && value !== '') out.set(name, value);
  }
  const text = out.toString().replace(/%5B/g, '[').replace(/%5D/g, ']');
  return text ? `?${text}` : '';
}

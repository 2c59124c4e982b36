import { remember, remembered } from '../lib/preferences';

/** A record that was opened in this browser. */
export interface Recent { cell: string; resource: string; id: string; title: string }

const KEEP = 12;
const keyOf = (tenant: string, person: string) => `superpaas.recent.${tenant}.${person}`;

/** What this person opened here last, newest first. */
export function recent(tenant: string, person: string): Recent[] {
  return remembered<Recent[]>(keyOf(tenant, person), []);
}

/** Notes that a record was opened. */
export function noteRecent(tenant: string, person: string, entry: Recent): void {
  const others = recent(tenant, person).filter((r) => r.id !== entry.id);
  remember(keyOf(tenant, person), [entry, ...others].slice(0, KEEP));
}

import { remembered, rememberedKeys } from '../lib/preferences';
import type { Kept } from './draft';

/** Where the unsaved input of a record is kept: by tenant, person and record. */
export function keptKey(tenant: string, person: string, path: string): string {
  return `superpaas.draft.${tenant}.${person}.${path}`;
}

/** A record with unsaved input in this browser. */
export interface KeptPlace { cell: string; resource: string; id: string; at: string }

/** All unsaved input of a person, newest first. */
export function keptPlaces(tenant: string, person: string): KeptPlace[] {
  const prefix = keptKey(tenant, person, '');
  return rememberedKeys(prefix).flatMap((key) => {
    const [cell, resource, id] = key.slice(prefix.length).split('/');
    const kept = remembered<Kept | null>(key, null);
    return cell && resource && id && kept ? [{ cell, resource, id, at: kept.at }] : [];
  }).sort((a, b) => b.at.localeCompare(a.at));
}

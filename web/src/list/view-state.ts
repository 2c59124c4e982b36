import { useSyncExternalStore } from 'react';
import { useMe } from '../api/meta';
import type { Search } from '../app/search';
import { forget, remember, remembered } from '../lib/preferences';
import { cell } from '../lib/store';

/** How a person likes the columns of a list: which and in which order, how wide, how many stay in view. */
export interface Layout { columns?: string[]; widths: Record<string, number>; frozen: number }

/** A list under a name: its filters, sorting, grouping and columns, as they stand in the address. */
export interface SavedView { id: string; name: string; search: Search; usual?: boolean }

const USUAL: Layout = { widths: {}, frozen: 1 };
const changes = cell(0);

/** Kept values of the list of a type, by person. */
function useKeptList<T>(kind: string, place: string, fallback: T): [T, (value: T | null) => void] {
  const me = useMe();
  useSyncExternalStore(changes.subscribe, changes.get);
  const key = `superpaas.${kind}.${me.tenant.code}.${me.person.id}.${place}`;
  return [remembered<T>(key, fallback), (value) => {
    if (value === null) forget(key);
    else remember(key, value);
    changes.set(changes.get() + 1);
  }];
}

/** The layout of a list, and the way to change it (null: as usual). */
export function useLayout(place: string): [Layout, (layout: Layout | null) => void] {
  return useKeptList<Layout>('columns', place, USUAL);
}

/** The saved views of a list. */
export function useViews(place: string): [SavedView[], (views: SavedView[]) => void] {
  return useKeptList<SavedView[]>('views', place, []);
}

/** The part of a search that a view keeps: everything but the page in it. */
export function viewPart(search: Search): Search {
  return Object.fromEntries(Object.entries(search).filter(([key, value]) => key !== 'page' && key !== 'view' && value !== ''));
}

/** Whether a place shows something else than its view. */
export function isChanged(view: SavedView, search: Search): boolean {
  const sorted = (s: Search) => JSON.stringify(Object.entries(viewPart(s)).sort(([a], [b]) => a.localeCompare(b)));
  return sorted(view.search) !== sorted(search);
}

/** The search that leads from a place to a view: what the view does not have is cleared. */
export function toView(view: SavedView | null, search: Search): Search {
  return { ...Object.fromEntries(Object.keys(search).map((key) => [key, ''])), ...(view ? { ...view.search, view: view.id } : {}) };
}

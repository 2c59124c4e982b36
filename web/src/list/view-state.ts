import { useQuery } from '@tanstack/react-query';
import { useSyncExternalStore } from 'react';
import { api } from '../api/client';
import { useMe } from '../api/meta';
import type { JsonObject, Me, Page, RecordData } from '../api/types';
import type { Search } from '../app/search';
import { forget, remember, remembered } from '../lib/preferences';
import { cell } from '../lib/store';
import { asObject, asString } from '../lib/values';

/** How a person likes the columns of a list: which and in which order, how wide, how many stay in view. */
export interface Layout { columns?: string[]; widths: Record<string, number>; frozen: number }

/** A list under a name, as the server keeps it: its address (filters, sorting, grouping) and its columns. */
export interface SavedView {
  id: string;
  version: number;
  name: string;
  shared: boolean;
  usual: boolean;
  mine: boolean;
  search: Search;
  layout: Layout;
}

const USUAL: Layout = { widths: {}, frozen: 1 };
const changes = cell(0);
/** Layouts of views that were changed and not saved, by view. */
const unsaved = new Map<string, Layout>();

const wake = () => changes.set(changes.get() + 1);
const keyOf = (me: Me, kind: string, place: string) => `superpaas.${kind}.${me.tenant.code}.${me.person.id}.${place}`;

/** The layout of a list, and the way to change it (null: as usual). That of a view is kept when the view is. */
export function useLayout(place: string, view: SavedView | undefined): [Layout, (layout: Layout | null) => void] {
  const me = useMe();
  useSyncExternalStore(changes.subscribe, changes.get);
  const key = keyOf(me, 'columns', place);
  if (view) return [unsaved.get(view.id) ?? view.layout, (layout) => { unsaved.set(view.id, layout ?? USUAL); wake(); }];
  return [remembered<Layout>(key, USUAL), (layout) => {
    if (layout === null) forget(key);
    else remember(key, layout);
    wake();
  }];
}

/** Forgets what was changed in the layout of a view. */
export function settleLayout(id: string): void {
  unsaved.delete(id);
  wake();
}

const texts = (value: JsonObject | null): Search => Object.fromEntries(Object.entries(value ?? {}).flatMap(([k, v]) => (typeof v === 'string' ? [[k, v]] : [])));

/** A view as the page uses it. */
export function viewOf(record: RecordData, member: string): SavedView {
  const definition = asObject(record.definition);
  const layout = asObject(definition?.layout);
  const widths = Object.fromEntries(Object.entries(asObject(layout?.widths) ?? {}).flatMap(([k, v]) => (typeof v === 'number' ? [[k, v]] : [])));
  const columns = Array.isArray(layout?.columns) ? layout.columns.flatMap((c) => (typeof c === 'string' ? [c] : [])) : undefined;
  return {
    id: record.id, version: record.version, name: asString(record.name), shared: record.state === 'shared', usual: record.isDefault === true,
    mine: asString(asObject(record.owner)?.id) === member,
    search: texts(asObject(definition?.search)),
    layout: { widths, frozen: typeof layout?.frozen === 'number' ? layout.frozen : USUAL.frozen, ...(columns ? { columns } : {}) },
  };
}

/** What the server keeps of a view. */
export function definitionOf(search: Search, layout: Layout): JsonObject {
  return { search: viewPart(search), layout: { widths: layout.widths, frozen: layout.frozen, ...(layout.columns ? { columns: layout.columns } : {}) } };
}

/** The saved views of the list of a type, one's own and the shared ones. */
export function useViews(cellName: string, type: string): { views: SavedView[]; loaded: boolean } {
  const me = useMe();
  const member = asString(me.membership.id);
  const answer = useQuery({
    queryKey: ['views', cellName, type],
    queryFn: () => api<Page>('/platform/saved-views', { query: { type, cell: cellName, pageSize: '200' } }),
    staleTime: 60_000,
    select: (page: Page) => page.data.map((record) => viewOf(record, member)).sort((a, b) => a.name.localeCompare(b.name)),
  });
  return { views: answer.data ?? [], loaded: !answer.isPending };
}

/** The view a list opens with: one's own default, else the one for everybody. */
export function usualView(views: SavedView[]): SavedView | undefined {
  return views.find((v) => v.usual && v.mine && !v.shared) ?? views.find((v) => v.usual && v.shared);
}

/** A view as browsers kept it before the server did. */
export interface OldView { id: string; name: string; search: Search; usual?: boolean }

/** Views that this browser still keeps, and the way to forget them. */
export function oldViews(me: Me, place: string): { views: OldView[]; drop: () => void } {
  const key = keyOf(me, 'views', place);
  return { views: remembered<OldView[]>(key, []), drop: () => forget(key) };
}

/** The part of a search that a view keeps: everything but the page in it. */
export function viewPart(search: Search): Search {
  return Object.fromEntries(Object.entries(search).filter(([key, value]) => key !== 'page' && key !== 'view' && value !== ''));
}

const sorted = (record: Record<string, string | number>) => Object.entries(record).sort(([a], [b]) => a.localeCompare(b));
const textOf = (search: Search, layout: Layout) => JSON.stringify([sorted(viewPart(search)), sorted(layout.widths), layout.columns ?? null, layout.frozen]);

/** Whether a place shows something else than its view. */
export function isChanged(view: SavedView, search: Search, layout: Layout): boolean {
  return textOf(view.search, view.layout) !== textOf(search, layout);
}

/** The search that leads from a place to a view: what the view does not have is cleared. */
export function toView(view: SavedView | null, search: Search): Search {
  return { ...Object.fromEntries(Object.keys(search).map((key) => [key, ''])), ...(view ? { ...view.search, view: view.id } : {}) };
}

import type { Field, TypeMeta } from '../api/types';
import type { Search } from '../app/search';

/** Search keys that are not filters. */
const OWN = new Set(['q', 'sort', 'page', 'pageSize']);

/** Fields that every record has, with labels for lists; the metadata may declare its own of the same name. */
export const SYSTEM_FIELDS: Field[] = [
  { name: 'number', type: 'text', label: { zh: '单号', en: 'Number' }, sort: true, filter: true },
  { name: 'state', type: 'state', label: { zh: '状态', en: 'State' }, filter: true, sort: true },
  { name: 'createdAt', type: 'instant', label: { zh: '创建时间', en: 'Created at' } },
  { name: 'updatedAt', type: 'instant', label: { zh: '更新时间', en: 'Updated at' } },
  { name: 'createdBy', type: 'user', label: { zh: '创建人', en: 'Created by' } },
  { name: 'updatedBy', type: 'user', label: { zh: '更新人', en: 'Updated by' } },
  { name: 'owner', type: 'user', label: { zh: '负责人', en: 'Owner' } },
];

/** A declared or system field by name. */
export function fieldOf(type: TypeMeta, name: string): Field | undefined {
  return type.fields.find((f) => f.name === name) ?? SYSTEM_FIELDS.find((f) => f.name === name);
}

/** The columns of the list of a type. */
export function columnsOf(type: TypeMeta): Field[] {
  const names = type.list.columns.length > 0 ? type.list.columns : type.fields.filter((f) => f.list).map((f) => f.name);
  const columns = names.flatMap((name) => fieldOf(type, name) ?? []);
  const shown = new Set(columns.map((c) => c.name));
  const number = type.kind === 'document' && !shown.has('number') ? SYSTEM_FIELDS.slice(0, 1) : [];
  const state = type.states.length > 0 && !shown.has('state') ? [fieldOf(type, 'state')].flatMap((f) => f ?? []) : [];
  return [...number, ...columns, ...state];
}

/** Fields the list can be narrowed by. */
export function filtersOf(type: TypeMeta): Field[] {
  return type.fields.filter((f) => f.filter && f.type !== 'state' && !f.masked && !f.sensitive && f.type !== 'json' && f.type !== 'anyref');
}

/** The filters of a place, as the server takes them. */
export function filterEntries(search: Search): [string, string][] {
  return Object.entries(search).filter(([name]) => !OWN.has(name));
}

/** The query of a place: what the server is asked. */
export function queryOf(type: TypeMeta, search: Search): Record<string, string> {
  const sort = search.sort ?? type.list.sort ?? '';
  return {
    ...Object.fromEntries(filterEntries(search)),
    ...(search.q ? { q: search.q } : {}),
    ...(sort ? { sort } : {}),
    page: search.page ?? '1',
    pageSize: search.pageSize ?? '50',
  };
}

/** The next sorting after a click on a column: ascending, descending, none. */
export function nextSort(current: string | undefined, name: string): string {
  if (current === name) return `-${name}`;
  return current === `-${name}` ? '' : name;
}

/** A filter key taken apart: `orderDate[gte]` is the field and its operator. */
export function splitFilter(key: string): { name: string; operator: string } {
  const match = /^([^[]+)(?:\[(\w+)\])?$/.exec(key);
  return { name: match?.[1] ?? key, operator: match?.[2] ?? '' };
}

/** What a row of columns needs at least, pixels: the same for every row, so that columns line up whatever is in them. */
export function leastWidth(tracks: string[]): number {
  return tracks.reduce((sum, track) => sum + Number(/\d+/.exec(track)?.[0] ?? 0), 0);
}

/** Width of a column in CSS grid terms. */
export function widthOf(field: Field): string {
  switch (field.type) {
    case 'decimal': return 'minmax(104px, 0.8fr)';
    case 'integer': case 'boolean': return 'minmax(72px, 0.5fr)';
    case 'date': return '112px';
    case 'instant': return '148px';
    case 'state': case 'choice': return 'minmax(88px, 0.6fr)';
    case 'ref': case 'user': case 'department': case 'anyref': return 'minmax(160px, 1.6fr)';
    default: return field.name === 'number' || field.name === 'code' ? 'minmax(136px, 0.9fr)' : 'minmax(140px, 1.4fr)';
  }
}

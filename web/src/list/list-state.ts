import type { Field, TypeMeta } from '../api/types';
import type { Search } from '../app/search';
import { spanOf, today } from '../lib/dates';

/** Search keys that are not filters. */
const OWN = new Set(['q', 'sort', 'page', 'pageSize', 'cols', 'group', 'view', 'or']);

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

/** The columns a list may show: every declared field that fits in a cell, and what every record has. */
export function possibleColumns(type: TypeMeta): Field[] {
  const own = type.fields.filter((f) => !['json', 'password', 'permissions'].includes(f.type));
  const system = SYSTEM_FIELDS.filter((f) => !own.some((o) => o.name === f.name) && (f.name !== 'number' || type.kind === 'document') && (f.name !== 'state' || type.states.length > 0));
  return ['ledger', 'balance'].includes(type.kind) ? own : [...system.filter((f) => f.name === 'number'), ...own, ...system.filter((f) => f.name !== 'number')];
}

/** The columns that are chosen by name; the usual ones when none is. */
export function chosenColumns(type: TypeMeta, names: string[] | undefined): Field[] {
  const chosen = (names ?? []).flatMap((name) => possibleColumns(type).find((f) => f.name === name) ?? []);
  return chosen.length > 0 ? chosen : columnsOf(type);
}

/** The usual columns of the list of a type. */
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

/** The alternatives in an address: groups of filters, of which one holds. */
export function alternativesIn(text: string | undefined): Search[] {
  try {
    const groups: unknown = JSON.parse(text ?? '[]');
    if (!Array.isArray(groups)) return [];
    return groups.flatMap((g) => (g !== null && typeof g === 'object' && !Array.isArray(g) ? [Object.fromEntries(Object.entries(g as Record<string, unknown>).map(([k, v]) => [k, String(v)]))] : []));
  } catch {
    return [];
  }
}

/** The query of a place: what the server is asked. Relative dates are worked out now. */
export function queryOf(type: TypeMeta, search: Search, now: string = today()): Record<string, string> {
  const sort = search.sort ?? type.list.sort ?? '';
  const dated = (entries: [string, string][]) => Object.fromEntries(entries.flatMap(([key, value]): [string, string][] => {
    const { name, operator } = splitFilter(key);
    if (operator !== 'within') return [[key, value]];
    const span = spanOf(value, now);
    return span ? [[`${name}[gte]`, span.from], [`${name}[lte]`, span.to]] : [];
  }));
  const either = alternativesIn(search.or).map((group) => dated(Object.entries(group))).filter((group) => Object.keys(group).length > 0);
  return {
    ...dated(filterEntries(search)),
    ...(either.length > 0 ? { or: JSON.stringify(either) } : {}),
    ...(search.q ? { q: search.q } : {}),
    ...(sort ? { sort } : {}),
    page: search.page ?? '1',
    pageSize: search.pageSize ?? '50',
  };
}

/** The next sorting after a click on a column: ascending, descending, none; of the usual column, which is sorted by when there is none, up and down. */
export function nextSort(current: string | undefined, name: string, usual: string | null = null): string {
  if (current === name) return `-${name}`;
  return current === `-${name}` && usual?.replace('-', '') !== name ? '' : name;
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

/** Width of a column in CSS grid terms; one that was drawn by hand is kept to the pixel. */
export function trackOf(field: Field, width: number | undefined): string {
  return width === undefined ? widthOf(field) : `${width}px`;
}

/** The usual width of a column in CSS grid terms. */
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

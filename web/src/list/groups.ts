import type { Field, Json, JsonObject, RecordData, TypeMeta } from '../api/types';
import type { Search } from '../app/search';
import type { Lang } from '../i18n';
import { sumDecimals } from '../lib/decimal';
import { asObject, asString, showValue, valueOf } from '../lib/values';
import { fieldOf, possibleColumns } from './list-state';

/** Fields a list is grouped by at most. */
export const GROUPED = 2;

/** Counts and sums of groups, as the server answers. */
export interface GroupAnswer { by: string[]; data: { keys: JsonObject; count: number; sums: Record<string, string> }[] }
/** A group with its sums; an outer one has inner ones. */
export interface Group { key: string; title: string; count: number; sums: Record<string, string>; depth: number; filter: Search; inner: Group[] }
/** A line of a list: the head of a group, a record, or what a group has beyond the records shown. */
export type Line = { kind: 'group'; group: Group } | { kind: 'row'; record: RecordData } | { kind: 'more'; group: Group; count: number };

/** Whether a column is summed: amounts and quantities are, prices and rates are not. */
export function isSummed(field: Field): boolean {
  return field.type === 'decimal' && (field.kind === 'amount' || field.kind === 'quantity') && field.sum !== false && !field.masked && !field.group;
}

/** The fields a list may be grouped by: those with an index and few values. */
export function groupableFields(type: TypeMeta): Field[] {
  return possibleColumns(type).filter((f) => ['ref', 'user', 'department', 'choice', 'state', 'date', 'boolean'].includes(f.type) && f.filter && !f.masked && !f.sensitive && !f.custom);
}

/** The fields that a place is grouped by. */
export function groupedBy(type: TypeMeta, search: Search): Field[] {
  const names = (search.group ?? '').split(',').filter((name) => name !== '').slice(0, GROUPED);
  return names.flatMap((name) => {
    const field = fieldOf(type, name);
    return field ? [field.type === 'state' ? { ...field, choices: type.states } : field] : [];
  });
}

/** The filter that finds the records of a group by one of its values. */
export function filterOf(field: Field, value: Json): Search {
  if (value === null || value === '') return { [`${field.name}[isNull]`]: 'true' };
  return { [field.name]: asString(asObject(value)?.id ?? value) };
}

/** A value in the key of a group: the same for every record of it. */
function keyOf(value: Json): string {
  return value === null ? '' : asString(asObject(value)?.id ?? value);
}

/** The groups of an answer, outer ones with the sums of their inner ones; dates as they follow each other, states in their order, the rest by title. */
export function groupsOf(answer: GroupAnswer, by: Field[], lang: Lang, blank: string): Group[] {
  const level = (rows: GroupAnswer['data'], depth: number, above: { key: string; filter: Search }): Group[] => {
    const field = by[depth];
    if (!field) return [];
    const parts = new Map<string, GroupAnswer['data']>();
    for (const row of rows) {
      const key = keyOf(row.keys[field.name] ?? null);
      const known = parts.get(key);
      if (known) known.push(row);
      else parts.set(key, [row]);
    }
    const groups = [...parts.entries()].map(([own, part]): Group => {
      const value = part[0]?.keys[field.name] ?? null;
      const key = depth === 0 ? own : `${above.key}\n${own}`;
      const filter = { ...above.filter, ...filterOf(field, value) };
      const names = Object.keys(part[0]?.sums ?? {});
      const sums = Object.fromEntries(names.map((name) => [name, sumDecimals(part.map((row) => row.sums[name] ?? '')) ?? '']));
      const count = part.reduce((sum, row) => sum + row.count, 0);
      return { key, title: showValue(field, value, lang) || blank, count, sums, depth, filter, inner: level(part, depth + 1, { key, filter }) };
    });
    const place = (group: Group) => (field.choices ?? []).findIndex((c) => c.value === group.filter[field.name]);
    if (field.type === 'date') return groups.sort((a, b) => (a.filter[field.name] ?? '').localeCompare(b.filter[field.name] ?? ''));
    return groups.sort((a, b) => place(a) - place(b) || a.title.localeCompare(b.title, lang === 'zh' ? 'zh-CN' : 'en'));
  };
  return level(answer.data, 0, { key: '', filter: {} });
}

/** The innermost group of a record. */
export function groupKeyOf(record: RecordData, by: Field[]): string {
  return by.map((field) => keyOf(valueOf(record, field))).join('\n');
}

/** Heads of groups with the records of the open ones under them. `rowsOf` knows the records of an innermost group, once they are there. */
export function groupLines(groups: Group[], isOpen: (key: string) => boolean, rowsOf: (group: Group) => RecordData[] | undefined): Line[] {
  return groups.flatMap((group): Line[] => {
    const head: Line = { kind: 'group', group };
    if (!isOpen(group.key)) return [head];
    if (group.inner.length > 0) return [head, ...groupLines(group.inner, isOpen, rowsOf)];
    const rows = rowsOf(group);
    if (rows === undefined) return [head];
    const more: Line[] = rows.length < group.count ? [{ kind: 'more', group, count: group.count - rows.length }] : [];
    return [head, ...rows.map((record): Line => ({ kind: 'row', record })), ...more];
  });
}

/** The innermost groups that are open. */
export function openLeaves(groups: Group[], isOpen: (key: string) => boolean): Group[] {
  return groups.filter((g) => isOpen(g.key)).flatMap((g) => (g.inner.length > 0 ? openLeaves(g.inner, isOpen) : [g]));
}

import type { Field, RecordData } from '../api/types';
import type { Lang } from '../i18n';
import { sumDecimals } from '../lib/decimal';
import { asString, showValue, valueOf } from '../lib/values';

/** A group of rows with the sums of its amounts and quantities. */
export interface Group { key: string; title: string; count: number; sums: Record<string, string> }
/** A line of a grouped list. */
export type Line = { kind: 'group'; group: Group } | { kind: 'row'; record: RecordData };

/** Whether a column is summed: amounts and quantities are, prices and rates are not. */
export function isSummed(field: Field): boolean {
  return field.type === 'decimal' && (field.kind === 'amount' || field.kind === 'quantity') && !field.masked;
}

/** Rows under the heads of their groups, groups in the order of their titles; closed groups show their head only. */
export function groupLines(records: RecordData[], by: Field, columns: Field[], closed: Set<string>, lang: Lang, blank: string): Line[] {
  const groups = new Map<string, { title: string; rows: RecordData[] }>();
  for (const record of records) {
    const title = showValue(by, valueOf(record, by), lang) || blank;
    const known = groups.get(title) ?? { title, rows: [] };
    known.rows.push(record);
    groups.set(title, known);
  }
  const summed = columns.filter(isSummed);
  return [...groups.entries()].sort(([a], [b]) => a.localeCompare(b, lang === 'zh' ? 'zh-CN' : 'en')).flatMap(([key, { title, rows }]): Line[] => {
    const sums = Object.fromEntries(summed.map((f) => [f.name, sumDecimals(rows.map((r) => asString(valueOf(r, f)))) ?? '']));
    const head: Line = { kind: 'group', group: { key, title, count: rows.length, sums } };
    return closed.has(key) ? [head] : [head, ...rows.map((record): Line => ({ kind: 'row', record }))];
  });
}

import type { Json, TypeMeta } from '../api/types';
import { asString } from '../lib/values';

/** Documents that are not at their end: of one type, in one state, in one month. */
export interface OpenWork { type: TypeMeta; state: string; count: number; from: string; to: string }

/** A group as the server answers it. */
export interface DayCount { keys: Record<string, Json>; count: number }

/** The field that dates a document: the one its list is sorted by, newest first. */
export function dateOf(type: TypeMeta): string | null {
  const name = type.list.sort?.startsWith('-') ? type.list.sort.slice(1) : null;
  return type.fields.some((f) => f.name === name && f.type === 'date') ? name : null;
}

/** The states in which documents still wait for somebody, when they can stand in a month at all. */
export function openStates(type: TypeMeta): string[] {
  if (type.kind !== 'document' || dateOf(type) === null) return [];
  return type.states.filter((s) => s.tone === 'draft' || s.tone === 'active').map((s) => s.value);
}

/** First and last day of a month. */
export function monthSpan(year: number, month: number): { from: string; to: string } {
  const two = (n: number) => String(n).padStart(2, '0');
  const last = new Date(Date.UTC(year, month, 0)).getUTCDate();
  return { from: `${year}-${two(month)}-01`, to: `${year}-${two(month)}-${two(last)}` };
}

/** What of one type still stands open in a month, from its counts per day and state. */
export function openIn(type: TypeMeta, counts: DayCount[], year: number, month: number): OpenWork[] {
  const date = dateOf(type);
  const span = monthSpan(year, month);
  if (date === null) return [];
  const inside = counts.filter((c) => { const day = asString(c.keys[date]); return day >= span.from && day <= span.to; });
  return openStates(type).flatMap((state) => {
    const count = inside.filter((c) => c.keys.state === state).reduce((sum, c) => sum + c.count, 0);
    return count > 0 ? [{ type, state, count, ...span }] : [];
  });
}

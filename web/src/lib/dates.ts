/** Dates as people type them, and instants as people read them. */

/** Reads the clock of the zone the page lives in: the tenant's once somebody is signed in, before that the browser's. */
let clock = clockOf(undefined);

function clockOf(timeZone: string | undefined): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat('sv-SE', {
    ...(timeZone === undefined ? {} : { timeZone }), year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', hourCycle: 'h23',
  });
}

/** Business dates are those of the tenant's zone, wherever the browser is. A zone the browser does not know leaves its own. */
export function liveIn(zone: string | undefined): void {
  try { clock = clockOf(zone); } catch { clock = clockOf(undefined); }
}

/** Today as `YYYY-MM-DD`. */
export function today(now: Date = new Date()): string {
  return clock.format(now).slice(0, 10);
}

function iso(year: number, month: number, day: number): string {
  return `${String(year).padStart(4, '0')}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`;
}

/** `base` moved by whole days. */
export function addDays(base: string, days: number): string {
  const date = new Date(`${base}T00:00:00Z`);
  date.setUTCDate(date.getUTCDate() + days);
  return date.toISOString().slice(0, 10);
}

/** The first day of the month so many months before the month of `base`. */
export function monthStart(base: string, monthsAgo: number): string {
  const months = Number(base.slice(0, 4)) * 12 + Number(base.slice(5, 7)) - 1 - monthsAgo;
  return iso(Math.floor(months / 12), (months % 12) + 1, 1);
}

function checked(year: number, month: number, day: number): string | null {
  const text = iso(year, month, day);
  const date = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().slice(0, 10) === text ? text : null;
}

/**
 * Reads a typed date: `1124` and `11-24` are this year's, `241124` and `20241124` are whole, `24` is this month's,
 * `t` is today, `+5` and `-3` count days from today. Answers null when it is no date.
 */
export function parseDate(typed: string, now: string = today()): string | null {
  const text = typed.normalize('NFKC').trim().toLowerCase();
  if (text === 't' || text === '今' || text === '今天') return now;
  if (/^[+-]\d{1,4}$/.test(text)) return addDays(now, Number(text));
  const year = Number(now.slice(0, 4));
  const parts = text.split(/[-/.年月日\s]+/).filter((p) => p !== '');
  if (parts.some((p) => !/^\d+$/.test(p))) return null;
  const [a = '', b = '', c = ''] = parts;
  if (parts.length === 3) return checked(a.length <= 2 ? 2000 + Number(a) : Number(a), Number(b), Number(c));
  if (parts.length === 2) return checked(year, Number(a), Number(b));
  if (parts.length !== 1) return null;
  if (a.length <= 2) return checked(year, Number(now.slice(5, 7)), Number(a));
  if (a.length === 3 || a.length === 4) return checked(year, Number(a.slice(0, -2)), Number(a.slice(-2)));
  if (a.length === 6) return checked(2000 + Number(a.slice(0, 2)), Number(a.slice(2, 4)), Number(a.slice(4)));
  if (a.length === 8) return checked(Number(a.slice(0, 4)), Number(a.slice(4, 6)), Number(a.slice(6)));
  return null;
}

/** An instant as `YYYY-MM-DD HH:mm`. */
export function showInstant(instant: string): string {
  const date = new Date(instant);
  if (Number.isNaN(date.getTime())) return instant;
  return clock.format(date);
}

/** Spans of dates that move with today, by name. */
export const SPANS = ['today', 'yesterday', 'week', 'lastWeek', 'month', 'lastMonth', 'quarter', 'year', 'lastYear', 'past7', 'past30', 'next7', 'next30'] as const;
/** A name of {@link SPANS}. */
export type SpanName = (typeof SPANS)[number];

/** The first and last day of a span that moves with today; weeks begin on Monday. Null for an unknown name. */
export function spanOf(name: string, now: string = today()): { from: string; to: string } | null {
  const year = Number(now.slice(0, 4));
  const month = Number(now.slice(5, 7));
  const lastOf = (y: number, m: number) => addDays(m === 12 ? iso(y + 1, 1, 1) : iso(y, m + 1, 1), -1);
  const monthOf = (y: number, m: number) => ({ from: iso(y, m, 1), to: lastOf(y, m) });
  const monday = addDays(now, -((new Date(`${now}T00:00:00Z`).getUTCDay() + 6) % 7));
  const quarter = month - ((month - 1) % 3);
  switch (name as SpanName) {
    case 'today': return { from: now, to: now };
    case 'yesterday': return { from: addDays(now, -1), to: addDays(now, -1) };
    case 'week': return { from: monday, to: addDays(monday, 6) };
    case 'lastWeek': return { from: addDays(monday, -7), to: addDays(monday, -1) };
    case 'month': return monthOf(year, month);
    case 'lastMonth': return month === 1 ? monthOf(year - 1, 12) : monthOf(year, month - 1);
    case 'quarter': return { from: iso(year, quarter, 1), to: lastOf(year, quarter + 2) };
    case 'year': return { from: iso(year, 1, 1), to: iso(year, 12, 31) };
    case 'lastYear': return { from: iso(year - 1, 1, 1), to: iso(year - 1, 12, 31) };
    case 'past7': return { from: addDays(now, -6), to: now };
    case 'past30': return { from: addDays(now, -29), to: now };
    case 'next7': return { from: now, to: addDays(now, 7) };
    case 'next30': return { from: now, to: addDays(now, 30) };
    default: return null;
  }
}

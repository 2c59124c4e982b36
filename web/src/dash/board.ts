import type { Panel, ReportAnswer } from '../api/types';
import type { Search } from '../app/search';
import { groupDecimal, roundDecimal, shiftDecimal } from '../lib/decimal';
import { monthStart, today } from '../lib/dates';
import { asString, isBlank } from '../lib/values';

/** What a panel asks its report, as of a day. */
export function askedOf(panel: Panel, now: string = today()): Search {
  return Object.fromEntries(panel.with.map((w) => [w.parameter, w.monthsAgo === undefined ? (w.value ?? '') : monthStart(now, w.monthsAgo)]));
}

/** The figures above a chart: the report's totals, or its last row's where it has no total. */
export function figuresOf(panel: Panel, answer: ReportAnswer): { name: string; label: string; text: string; negative: boolean }[] {
  const last = answer.rows.at(-1);
  return panel.figures.flatMap((name) => {
    const column = answer.columns.find((c) => c.name === name);
    const total = answer.totals?.[name];
    const value = asString(isBlank(total) ? last?.[name] : total);
    if (column === undefined || value === '') return [];
    // A share is read, not booked: two places are enough of it.
    const text = column.type === 'rate' ? `${groupDecimal(roundDecimal(shiftDecimal(value, 2), 2))} %` : groupDecimal(value);
    return [{ name, label: column.label, text, negative: value.startsWith('-') }];
  });
}

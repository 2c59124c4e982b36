import type { Drill, JsonObject, ReportMeta } from '../api/types';
import type { Search } from '../app/search';
import { asObject, asString } from '../lib/values';

/** A place that a figure leads to. */
export interface DrillPlace { resource?: string; report?: string; search: Search }

function textOf(value: JsonObject[string] | undefined): string {
  const object = asObject(value);
  return object ? asString(object.code) || asString(object.number) || asString(object.id) : asString(value);
}

/**
 * Where a cell of a report leads, the conditions of the report kept. A row without the value of a column that the place
 * is narrowed by leads nowhere; what was not asked is no condition.
 */
export function drillOf(report: ReportMeta, column: string, row: JsonObject, asked: Search): DrillPlace | null {
  const drill: Drill | undefined = report.drill?.find((d) => d.columns.includes(column));
  if (drill === undefined) return null;
  const search: Search = {};
  for (const { to, column: from, parameter } of drill.with) {
    const value = from === undefined ? (asked[parameter ?? ''] ?? '') : textOf(row[from]);
    if (value !== '') search[to] = value;
    else if (from !== undefined) return null;
  }
  return { search, ...(drill.resource === undefined ? {} : { resource: drill.resource }), ...(drill.report === undefined ? {} : { report: drill.report }) };
}

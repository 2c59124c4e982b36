import type { ChartMeta, Json, JsonObject, ReportAnswer } from '../api/types';
import { isNumberColumn } from '../report/cells';
import { asString, isBlank, refText } from '../lib/values';

/** One column of figures, as the server wrote them. */
export interface Series { name: string; label: string; type: string; values: string[] }

/** What a chart draws: points with their names, the row behind each, and figures per series. */
export interface Points {
  labels: string[];
  /** The report's row behind a point; none where the point is the total of a column. */
  rows: (JsonObject | null)[];
  /** The column behind a point and a series. */
  column: (point: number, series: number) => string;
  /** What the points are: the label of their column. */
  by: string;
  series: Series[];
  /** Rows that are not drawn. */
  rest: number;
}

const textOf = (value: Json | undefined): string => (value !== null && typeof value === 'object' ? refText(value) : asString(value));

/** Length needs no exact arithmetic; the figure shown is the server's own. */
export function sizeOf(value: string): number {
  const size = Number(value);
  return Number.isFinite(size) ? size : 0;
}

/** The column that tells the rows apart best; of equals the later, which is the name beside the code. */
export function labelColumn(answer: ReportAnswer): ReportAnswer['columns'][number] | undefined {
  const rows = answer.rows.filter((row) => row.isGroup !== true);
  const distinct = (name: string) => new Set(rows.map((row) => JSON.stringify(row[name] ?? null))).size;
  return answer.columns.filter((c) => !isNumberColumn(c.type)).reduce<ReportAnswer['columns'][number] | undefined>(
    (best, column) => (best === undefined || distinct(column.name) >= distinct(best.name) ? column : best), undefined);
}

function totals(answer: ReportAnswer, chart: ChartMeta): Points {
  const drawn = chart.values.flatMap((name) => answer.columns.filter((c) => c.name === name));
  const values = drawn.map((c) => asString(answer.totals?.[c.name]));
  return {
    labels: drawn.map((c) => c.label), rows: drawn.map(() => null), column: (point) => drawn[point]?.name ?? '', by: '', rest: 0,
    series: [{ name: 'total', label: '', type: drawn[0]?.type ?? 'amount', values }],
  };
}

/** The points of a report in the form a chart asks for. Rows that are subtotals of others are never drawn. */
export function pointsOf(answer: ReportAnswer, chart: ChartMeta): Points {
  if (chart.kind === 'totals') return totals(answer, chart);
  const by = answer.columns.find((c) => c.name === chart.by) ?? labelColumn(answer);
  const columns = chart.values.flatMap((name) => answer.columns.filter((c) => c.name === name));
  const plain = answer.rows.filter((row) => row.isGroup !== true && columns.some((c) => !isBlank(row[c.name])));
  let rows = plain.slice(-chart.most);
  let rest = plain.length - rows.length;
  if (chart.kind === 'bars') {
    const first = columns[0]?.name ?? '';
    const size = (row: JsonObject) => Math.abs(sizeOf(asString(row[first])));
    const seen = plain.filter((row) => columns.some((c) => sizeOf(asString(row[c.name])) !== 0)).sort((a, b) => size(b) - size(a));
    rows = seen.slice(0, chart.most);
    rest = seen.length - rows.length;
  }
  return {
    labels: rows.map((row) => textOf(row[by?.name ?? ''])), rows, by: by?.label ?? '', rest,
    column: (_, series) => columns[series]?.name ?? '',
    series: columns.map((c) => ({ name: c.name, label: c.label, type: c.type, values: rows.map((row) => asString(row[c.name])) })),
  };
}

/** Whether there is anything to draw. */
export function isEmpty(points: Points): boolean {
  return !points.series.some((s) => s.values.some((v) => sizeOf(v) !== 0));
}

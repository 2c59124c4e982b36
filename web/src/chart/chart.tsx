import { Suspense, useMemo, useState, type ReactNode } from 'react';
import type { ChartMeta, JsonObject, ReportAnswer } from '../api/types';
import { part } from '../app/part';
import { useText } from '../i18n';
import { groupDecimal } from '../lib/decimal';
import { isNumberColumn } from '../report/cells';
import { drawnHeight } from './option';
import { isEmpty, pointsOf, sizeOf, type Points } from './points';
import './chart.css';

const Drawing = part(() => import('./drawing').then((m) => m.default));

/** A link around the figure of a column and a row, where there is somewhere to go. */
export type Lead = (column: string, row: JsonObject, text: string) => ReactNode;
/** Goes where a figure leads. */
export type Follow = (column: string, row: JsonObject) => void;

/** The largest point in words, for who does not see the drawing. */
function spoken(points: Points, title: string): string {
  const first = points.series[0];
  if (first === undefined || first.values.length === 0) return title;
  const most = first.values.reduce((best, value, i) => (Math.abs(sizeOf(value)) > Math.abs(sizeOf(first.values[best] ?? '')) ? i : best), 0);
  return `${title}: ${points.labels[most] ?? ''} ${groupDecimal(first.values[most] ?? '')}`;
}

/** The same figures as a table, each leading where the drawing leads. */
function Figures({ points, title, lead }: { points: Points; title: string; lead?: Lead | undefined }) {
  return (
    <div className="chart-table">
      <table className="report" aria-label={title}>
        <thead><tr><th>{points.by}</th>{points.series.map((s) => <th key={s.name} className="right">{s.label}</th>)}</tr></thead>
        <tbody>
          {points.labels.map((name, at) => {
            const row = points.rows[at] ?? null;
            return (
              <tr key={at}>
                <td>{name}</td>
                {points.series.map((s, i) => {
                  const text = groupDecimal(s.values[at] ?? '');
                  return <td key={s.name} className={`right num ${text.startsWith('-') ? 'negative' : ''}`}>{row !== null && lead ? lead(points.column(at, i), row, text) : text}</td>;
                })}
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

/**
 * A report as a chart. The same figures stand behind a button as a table, so that nothing is told by length or colour
 * alone; a click on a point goes where its figure leads.
 */
export function Chart({ answer, chart, title, lead, follow }: { answer: ReportAnswer; chart: ChartMeta; title: string; lead?: Lead; follow?: Follow }) {
  const { t } = useText();
  const [table, setTable] = useState(false);
  const asked = JSON.stringify(chart);
  const points = useMemo(() => pointsOf(answer, JSON.parse(asked) as ChartMeta), [answer, asked]);
  const pick = useMemo(() => follow && ((point: number, series: number) => {
    const row = points.rows[point];
    if (row) follow(points.column(point, series), row);
  }), [follow, points]);
  if (isEmpty(points)) return <div className="chart-none muted" role="status">{t('report.empty')}</div>;
  return (
    <figure className="chart-figure">
      {table ? <Figures points={points} title={title} lead={lead} /> : (
        <Suspense fallback={<div className="chart-wait" style={{ height: drawnHeight(points, chart.kind) }}><div className="bar" /></div>}>
          <Drawing points={points} kind={chart.kind} label={spoken(points, title)} onPick={chart.kind === 'totals' ? undefined : pick} />
        </Suspense>
      )}
      <figcaption className="chart-foot">
        <button type="button" className="link-button" onClick={() => setTable(!table)}>{table ? t('report.chart') : t('report.table')}</button>
        {points.rest > 0 ? <span className="muted small">{t('report.chart.rest', { n: points.rest })}</span> : null}
      </figcaption>
    </figure>
  );
}

/** The columns of a report that can be drawn. */
export function measuresOf(answer: ReportAnswer): ReportAnswer['columns'] {
  return answer.columns.filter((c) => isNumberColumn(c.type));
}

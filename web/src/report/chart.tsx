import { Select } from 'antd';
import { useState } from 'react';
import type { JsonObject, ReportAnswer } from '../api/types';
import { useText } from '../i18n';
import { groupDecimal } from '../lib/decimal';
import { asString, isBlank, refText } from '../lib/values';
import { isNumberColumn } from './cells';

/** Bars that are drawn at most. */
const BARS = 24;

/** What a chart shows: the rows that are no groups, by the size of a measure, largest first. */
export function barsOf(answer: ReportAnswer, measure: string, label: string): { bars: { label: string; value: string; size: number }[]; rest: number } {
  const rows = answer.rows.filter((row) => row.isGroup !== true && !isBlank(row[measure]));
  const text = (row: JsonObject) => { const value = row[label]; return typeof value === 'object' ? refText(value) : asString(value); };
  // The length of a bar needs no exact arithmetic; the figure beside it is the server's own.
  const bars = rows.map((row) => ({ label: text(row), value: asString(row[measure]), size: Number(asString(row[measure])) }))
    .filter((bar) => Number.isFinite(bar.size) && bar.size !== 0)
    .sort((a, b) => Math.abs(b.size) - Math.abs(a.size));
  return { bars: bars.slice(0, BARS), rest: Math.max(0, bars.length - BARS) };
}

/** The column that tells the rows apart best; of equals the later, which is the name beside the code. */
export function labelColumn(answer: ReportAnswer): ReportAnswer['columns'][number] | undefined {
  const rows = answer.rows.filter((row) => row.isGroup !== true);
  const distinct = (name: string) => new Set(rows.map((row) => JSON.stringify(row[name] ?? null))).size;
  return answer.columns.filter((c) => !isNumberColumn(c.type)).reduce<ReportAnswer['columns'][number] | undefined>(
    (best, column) => (best === undefined || distinct(column.name) >= distinct(best.name) ? column : best), undefined);
}

/** A report as bars. The figures stand beside them, so that nothing is told by length or colour alone. */
export function Chart({ answer }: { answer: ReportAnswer }) {
  const { t } = useText();
  const measures = answer.columns.filter((c) => isNumberColumn(c.type));
  const [measure, setMeasure] = useState(measures.at(-1)?.name ?? '');
  const label = labelColumn(answer);
  const chosen = measures.find((m) => m.name === measure);
  if (!chosen || !label) return null;
  const { bars, rest } = barsOf(answer, chosen.name, label.name);
  const most = Math.max(1, ...bars.map((b) => Math.abs(b.size)));
  const negative = bars.some((b) => b.size < 0);
  return (
    <div className="chart">
      <div className="chart-head"><label htmlFor="measure">{t('report.measure')}</label>
        <Select id="measure" size="small" value={chosen.name} options={measures.map((m) => ({ value: m.name, label: m.label }))} onChange={setMeasure} popupMatchSelectWidth={false} /></div>
      <figure aria-label={t('report.chart.of', { measure: chosen.label, label: label.label })}>
        <ul className={`bars ${negative ? 'bars-signed' : ''}`}>
          {bars.map((bar, i) => (
            <li key={i}>
              <span className="bar-label" title={bar.label}>{bar.label}</span>
              <svg className="bar-track" viewBox="0 0 200 10" preserveAspectRatio="none" aria-hidden="true">
                <rect x={negative ? (bar.size < 0 ? 100 - (Math.abs(bar.size) / most) * 100 : 100) : 0} y="0" height="10" width={(Math.abs(bar.size) / most) * (negative ? 100 : 200)}
                  className={bar.size < 0 ? 'bar-minus' : 'bar-plus'} />
                {negative ? <line x1="100" x2="100" y1="0" y2="10" className="bar-zero" /> : null}
              </svg>
              <span className={`num bar-value ${bar.size < 0 ? 'negative' : ''}`}>{groupDecimal(bar.value)}</span>
            </li>
          ))}
        </ul>
        {rest > 0 ? <figcaption className="muted small">{t('report.chart.rest', { n: rest })}</figcaption> : null}
      </figure>
    </div>
  );
}

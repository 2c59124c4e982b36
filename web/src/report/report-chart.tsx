import { Select } from 'antd';
import { useState } from 'react';
import type { ChartMeta, ReportAnswer } from '../api/types';
import { Chart, measuresOf, type Follow, type Lead } from '../chart/chart';
import { labelColumn } from '../chart/points';
import { useText } from '../i18n';
import { asString } from '../lib/values';

/** Points that are drawn: of bars the largest. */
const BARS = 24;

/** Rows that are months or days stand in their order, others by size. */
export function chartOf(answer: ReportAnswer, measure: string): ChartMeta {
  const leading = answer.columns[0];
  const inTime = leading !== undefined && answer.rows.every((row) => /^\d{4}-\d{2}(-\d{2})?$/.test(asString(row[leading.name])));
  return { kind: inTime ? 'columns' : 'bars', by: inTime ? leading.name : (labelColumn(answer)?.name ?? null), values: [measure], most: BARS };
}

/** A report as a chart of one of its figures. */
export function ReportChart({ answer, title, lead, follow }: { answer: ReportAnswer; title: string; lead: Lead; follow: Follow }) {
  const { t } = useText();
  const measures = measuresOf(answer);
  const [measure, setMeasure] = useState(measures.at(-1)?.name ?? '');
  const chosen = measures.find((m) => m.name === measure) ?? measures.at(-1);
  if (!chosen) return null;
  return (
    <div className="report-chart">
      <div className="chart-head"><label htmlFor="measure">{t('report.measure')}</label>
        <Select id="measure" size="small" value={chosen.name} options={measures.map((m) => ({ value: m.name, label: m.label }))} onChange={setMeasure} popupMatchSelectWidth={false} /></div>
      <Chart answer={answer} chart={chartOf(answer, chosen.name)} title={`${title} · ${chosen.label}`} lead={lead} follow={follow} />
    </div>
  );
}

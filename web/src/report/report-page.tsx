import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { Button } from 'antd';
import { useMemo, useState, type SubmitEvent } from 'react';
import { api, saveFile } from '../api/client';
import { reportOf, useCellMeta } from '../api/meta';
import type { Field, FieldType, Json, JsonObject, Parameter, ReportAnswer, ReportMeta } from '../api/types';
import { FIELD_TYPES } from '../api/types';
import { Failure, NotFound, Notice, Skeleton } from '../app/notice';
import type { Search } from '../app/search';
import { WIDGETS } from '../fields/registry';
import { useText } from '../i18n';
import { parseDate, showInstant, today } from '../lib/dates';
import { groupDecimal } from '../lib/decimal';
import { asObject, asString, isBlank, refText } from '../lib/values';

/** Any report of any cell. */
export function ReportPage() {
  const { cell, name } = useParams({ from: '/$cell/reports/$name' });
  const meta = useCellMeta(cell);
  if (meta.isPending) return <Skeleton />;
  if (meta.isError) return <Failure error={meta.error} retry={() => void meta.refetch()} />;
  const report = reportOf(meta.data, name);
  return report ? <Report key={`${cell}/${name}`} cell={cell} report={report} /> : <NotFound />;
}

function fieldOf(parameter: Parameter): Field {
  const choices = parameter.choices.length > 0;
  return { ...parameter, type: choices ? 'choice' : parameter.type };
}

function Conditions({ report, search, onRun }: { report: ReportMeta; search: Search; onRun: (search: Search) => void }) {
  const { t, l } = useText();
  const [values, setValues] = useState<JsonObject>({ ...search });
  const run = (event: SubmitEvent) => {
    event.preventDefault();
    onRun(Object.fromEntries(report.parameters.map((p) => {
      const value = values[p.name] ?? null;
      return [p.name, asObject(value) ? asString(asObject(value)?.id) : p.type === 'date' ? (parseDate(asString(value)) ?? '') : asString(value)];
    })));
  };
  return (
    <form className="conditions" onSubmit={run}>
      {report.parameters.map((parameter) => {
        const field = fieldOf(parameter);
        const Widget = WIDGETS[field.type];
        return (
          <span key={parameter.name} className="condition">
            <label htmlFor={`p-${parameter.name}`}>{parameter.required ? <span className="star">*</span> : null}{l(parameter.label, parameter.name)}</label>
            <Widget field={field} id={`p-${parameter.name}`} value={values[parameter.name] ?? null}
              onChange={(value: Json) => setValues((v) => ({ ...v, [parameter.name]: value }))} />
          </span>
        );
      })}
      <Button type="primary" htmlType="submit">{t('report.run')}</Button>
    </form>
  );
}

/** Dates that a report needs and nobody has chosen yet: this year until today. */
function usual(report: ReportMeta): Search {
  const now = today();
  const dates = report.parameters.filter((p) => p.required && p.type === 'date');
  return Object.fromEntries(dates.map((p) => [p.name, p.name === 'from' ? `${now.slice(0, 4)}-01-01` : now]));
}

const NUMBERS = new Set(['decimal', 'integer', 'amount', 'quantity', 'price', 'rate', 'number']);

/** A cell of a report as a person reads it. */
export function showCell(type: string, value: Json | undefined): string {
  if (isBlank(value)) return '';
  if (type === 'instant') return showInstant(asString(value));
  if (NUMBERS.has(type)) return groupDecimal(asString(value));
  return typeof value === 'object' ? refText(value) : asString(value);
}

/** A report as CSV, exactly as it was answered; a text that a spreadsheet would take for a formula gets an apostrophe. */
export function csvOf(answer: ReportAnswer, totalWord: string): string {
  const quoted = (text: string) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const plain = (type: string, value: Json | undefined) => {
    const text = value !== null && typeof value === 'object' ? refText(value) : asString(value);
    return quoted(!NUMBERS.has(type) && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text);
  };
  const line = (row: JsonObject) => answer.columns.map((c) => plain(c.type, row[c.name]));
  const totals = answer.totals && Object.keys(answer.totals).length > 0 ? [line(answer.totals)] : [];
  for (const total of totals) if (total[0] === '') total[0] = quoted(totalWord);
  const head = answer.columns.map((c) => quoted(c.label));
  return [head, ...answer.rows.map(line), ...totals].map((cells) => cells.join(',')).join('\r\n') + '\r\n';
}

function Rows({ answer }: { answer: ReportAnswer }) {
  const { t } = useText();
  const cell = (column: ReportAnswer['columns'][number], row: JsonObject) => {
    const text = showCell(column.type, row[column.name]);
    const numeric = NUMBERS.has(column.type);
    const known = FIELD_TYPES.includes(column.type as FieldType) ? column.type : 'text';
    return <td key={column.name} className={`${numeric ? 'right num' : ''} ${numeric && text.startsWith('-') ? 'negative' : ''} cell-${known}`}>{text}</td>;
  };
  const totals = answer.totals && Object.keys(answer.totals).length > 0 ? answer.totals : null;
  return (
    <div className="report-box">
      <table className="report">
        <thead><tr>{answer.columns.map((c) => <th key={c.name} className={NUMBERS.has(c.type) ? 'right' : ''}>{c.label}</th>)}</tr></thead>
        <tbody>{answer.rows.map((row, i) => <tr key={i} className={row.isGroup === true ? 'group' : ''}>{answer.columns.map((c) => cell(c, row))}</tr>)}</tbody>
        {totals ? (
          <tfoot><tr>{answer.columns.map((c, i) => (isBlank(totals[c.name]) && i === 0 ? <td key={c.name}>{t('report.total')}</td> : cell(c, totals)))}</tr></tfoot>
        ) : null}
      </table>
    </div>
  );
}

function Report({ cell, report }: { cell: string; report: ReportMeta }) {
  const { t, l, lang } = useText();
  const navigate = useNavigate();
  const asked = useSearch({ from: '/$cell/reports/$name' });
  const search = useMemo(() => ({ ...usual(report), ...asked }), [report, asked]);
  const ready = report.parameters.every((p) => !p.required || search[p.name]);
  const answer = useQuery({
    queryKey: ['report', cell, report.name, search, lang],
    queryFn: ({ signal }) => api<ReportAnswer>(`/${cell}/reports/${report.name}`, { query: search, signal }),
    enabled: ready,
    staleTime: 0,
    placeholderData: keepPreviousData,
  });
  const exportShown = () => {
    if (answer.data) saveFile(new Blob(['\uFEFF', csvOf(answer.data, t('report.total'))], { type: 'text/csv' }), `${report.name}.csv`);
  };
  const run = (next: Search) => {
    const same = report.parameters.every((p) => (next[p.name] ?? '') === (search[p.name] ?? ''));
    if (same && ready) void answer.refetch();
    else void navigate({ to: '.', search: next });
  };
  const asOf = answer.data?.asOf;
  return (
    <div className="list">
      <div className="list-head">
        <h1>{l(report.label, report.name)}</h1>
        {asOf ? <span className="muted">{t('report.asof', { at: asOf.length > 10 ? showInstant(asOf) : asOf })}</span> : null}
        <span className="grow" />
        <Button disabled={answer.data === undefined} title="CSV" onClick={exportShown}>{t('list.export')}</Button>
      </div>
      <Conditions report={report} search={search} onRun={run} />
      {!ready ? <Notice title={t('report.choose')} /> : answer.isPending ? <Skeleton rows={12} />
        : answer.isError ? <Failure error={answer.error} retry={() => void answer.refetch()} />
          : answer.data.rows.length === 0 ? <Notice title={t('report.empty')} /> : <Rows answer={answer.data} />}
    </div>
  );
}

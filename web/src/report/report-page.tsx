import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { App, Button, Dropdown, Segmented } from 'antd';
import { useCallback, useEffect, useMemo, useState, type SubmitEvent } from 'react';
import { api, download } from '../api/client';
import { reportOf, useCellMeta } from '../api/meta';
import type { Field, FieldType, Json, JsonObject, Parameter, ReportAnswer, ReportMeta } from '../api/types';
import { FIELD_TYPES } from '../api/types';
import { Failure, NotFound, Notice, Skeleton } from '../app/notice';
import { Star } from '../app/favourites';
import { writeSearch, type Search } from '../app/search';
import { WIDGETS } from '../fields/registry';
import { useText } from '../i18n';
import { parseDate, showInstant, today } from '../lib/dates';
import { asObject, asString, isBlank } from '../lib/values';
import type { Follow, Lead } from '../chart/chart';
import { isNumberColumn, showCell } from './cells';
import { drillOf } from './drill';
import { ReportChart } from './report-chart';

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

/** Dates that a report needs or spans and nobody has chosen yet: this year until today. */
function usual(report: ReportMeta): Search {
  const now = today();
  const dates = report.parameters.filter((p) => p.type === 'date' && (p.required || ['from', 'to'].includes(p.name)));
  return Object.fromEntries(dates.map((p) => [p.name, p.name === 'from' ? `${now.slice(0, 4)}-01-01` : now]));
}

function Rows({ answer, lead }: { answer: ReportAnswer; lead: Lead }) {
  const { t } = useText();
  const totals = answer.totals && Object.keys(answer.totals).length > 0 ? answer.totals : null;
  const cell = (column: ReportAnswer['columns'][number], row: JsonObject) => {
    const text = showCell(column.type, row[column.name]);
    const leads = row !== totals && text !== '';
    const numeric = isNumberColumn(column.type);
    const known = FIELD_TYPES.includes(column.type as FieldType) ? column.type : 'text';
    return <td key={column.name} className={`${numeric ? 'right num' : ''} ${numeric && text.startsWith('-') ? 'negative' : ''} cell-${known}`}>{leads ? lead(column.name, row, text) : text}</td>;
  };
  return (
    <div className="report-box">
      <table className="report">
        <thead><tr>{answer.columns.map((c) => <th key={c.name} className={isNumberColumn(c.type) ? 'right' : ''}>{c.label}</th>)}</tr></thead>
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
  const { message } = App.useApp();
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
  const [look, setLook] = useState<'table' | 'chart'>('table');
  const exportAs = (format: string) => {
    download(`/${cell}/reports/${report.name}`, { ...search, format }, `${report.name}.${format}`).catch((error: unknown) => message.error(error instanceof Error ? error.message : String(error)));
  };
  const run = (next: Search) => {
    const same = report.parameters.every((p) => (next[p.name] ?? '') === (search[p.name] ?? ''));
    if (same && ready) void answer.refetch();
    else void navigate({ to: '.', search: next });
  };
  const follow: Follow = useCallback((column, row) => {
    const place = drillOf(report, column, row, search);
    if (place?.report !== undefined) void navigate({ to: '/$cell/reports/$name', params: { cell, name: place.report }, search: place.search });
    else if (place) void navigate({ to: '/$cell/$resource', params: { cell, resource: place.resource ?? '' }, search: place.search });
  }, [report, search, navigate, cell]);
  const lead: Lead = (column, row, text) => {
    const place = drillOf(report, column, row, search);
    if (place === null) return text;
    if (place.report !== undefined) return <Link className="drill" title={t('report.drill')} to="/$cell/reports/$name" params={{ cell, name: place.report }} search={place.search}>{text}</Link>;
    return <Link className="drill" title={t('report.drill')} to="/$cell/$resource" params={{ cell, resource: place.resource ?? '' }} search={place.search}>{text}</Link>;
  };
  const asOf = answer.data?.asOf;
  useEffect(() => { document.title = `${l(report.label, report.name)} · ${t('app.name')}`; }, [l, report, t]);
  return (
    <div className="list">
      <div className="list-head">
        <h1>{l(report.label, report.name)}</h1>
        <Star path={`/${cell}/reports/${report.name}${writeSearch(asked)}`} title={l(report.label, report.name)} />
        {asOf ? <span className="muted">{t('report.asof', { at: asOf.length > 10 ? showInstant(asOf) : asOf })}</span> : null}
        <span className="grow" />
        <Segmented value={look} aria-label={t('report.chart')} onChange={setLook} options={[{ value: 'table', label: t('report.table') }, { value: 'chart', label: t('report.chart') }]} />
        <Dropdown trigger={['click']} menu={{ items: [{ key: 'xlsx', label: 'Excel (xlsx)' }, { key: 'csv', label: 'CSV' }, { key: 'pdf', label: 'PDF' }], onClick: ({ key }) => exportAs(key) }}>
          <Button disabled={answer.data === undefined}>{t('list.export')}</Button>
        </Dropdown>
      </div>
      <Conditions report={report} search={search} onRun={run} />
      {!ready ? <Notice title={t('report.choose')} /> : answer.isPending ? <Skeleton rows={12} />
        : answer.isError ? <Failure error={answer.error} retry={() => void answer.refetch()} />
          : answer.data.rows.length === 0 ? <Notice title={t('report.empty')} /> : look === 'chart' ? <ReportChart answer={answer.data} title={l(report.label, report.name)} lead={lead} follow={follow} /> : <Rows answer={answer.data} lead={lead} />}
    </div>
  );
}

import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { useCallback, useEffect, useRef, useState } from 'react';
import { api } from '../api/client';
import { reportOf } from '../api/meta';
import type { CellMeta, Dashboard, JsonObject, Panel, ReportAnswer } from '../api/types';
import { Failure } from '../app/notice';
import { Chart, type Follow, type Lead } from '../chart/chart';
import { useText } from '../i18n';
import { drillOf } from '../report/drill';
import { askedOf, figuresOf } from './board';
import './dash.css';

/** Minutes that an answer is shown again without asking. */
const FRESH = 5 * 60_000;

/** Whether an element has come into view; a panel asks nothing before. */
function useSeen() {
  const place = useRef<HTMLElement>(null);
  const [seen, setSeen] = useState(false);
  useEffect(() => {
    const element = place.current;
    if (element === null || seen) return;
    const watch = new IntersectionObserver((entries) => { if (entries.some((e) => e.isIntersecting)) setSeen(true); }, { rootMargin: '200px' });
    watch.observe(element);
    // Paper shows everything.
    const print = () => setSeen(true);
    window.addEventListener('beforeprint', print);
    return () => { watch.disconnect(); window.removeEventListener('beforeprint', print); };
  }, [seen]);
  return { place, seen };
}

function Answer({ meta, panel, answer }: { meta: CellMeta; panel: Panel; answer: ReportAnswer }) {
  const { t, l } = useText();
  const navigate = useNavigate();
  const report = reportOf(meta, panel.report);
  const place = useCallback((column: string, row: JsonObject) => (report ? drillOf(report, column, row, askedOf(panel)) : null), [report, panel]);
  const follow: Follow = useCallback((column, row) => {
    const found = place(column, row);
    if (found === null) return;
    if (found.report !== undefined) void navigate({ to: '/$cell/reports/$name', params: { cell: meta.cell, name: found.report }, search: found.search });
    else void navigate({ to: '/$cell/$resource', params: { cell: meta.cell, resource: found.resource ?? '' }, search: found.search });
  }, [place, navigate, meta.cell]);
  const lead: Lead = (column, row, text) => {
    const found = place(column, row);
    if (found === null) return text;
    if (found.report !== undefined) return <Link className="drill" title={t('report.drill')} to="/$cell/reports/$name" params={{ cell: meta.cell, name: found.report }} search={found.search}>{text}</Link>;
    return <Link className="drill" title={t('report.drill')} to="/$cell/$resource" params={{ cell: meta.cell, resource: found.resource ?? '' }} search={found.search}>{text}</Link>;
  };
  const figures = figuresOf(panel, answer);
  const leads = answer.rows.some((row) => panel.chart.values.some((column) => place(column, row) !== null));
  return (
    <>
      {figures.length > 0 ? (
        <dl className="panel-figures">
          {figures.map((f) => <div key={f.name}><dt>{f.label}</dt><dd className={`num ${f.negative ? 'negative' : ''}`}>{f.text}</dd></div>)}
        </dl>
      ) : null}
      <Chart answer={answer} chart={panel.chart} title={l(panel.label)} lead={lead} {...(leads ? { follow } : {})} />
    </>
  );
}

function PanelBox({ meta, panel }: { meta: CellMeta; panel: Panel }) {
  const { t, l, lang } = useText();
  const { place, seen } = useSeen();
  const search = askedOf(panel);
  const answer = useQuery({
    queryKey: ['report', meta.cell, panel.report, search, lang],
    queryFn: ({ signal }) => api<ReportAnswer>(`/${meta.cell}/reports/${panel.report}`, { query: search, signal }),
    enabled: seen,
    staleTime: FRESH,
  });
  return (
    <section className="panel" ref={place} aria-label={l(panel.label)} data-panel={panel.report}>
      <div className="panel-head">
        <h3>{l(panel.label)}</h3>
        <Link to="/$cell/reports/$name" params={{ cell: meta.cell, name: panel.report }} search={search} aria-label={`${t('dash.report')}: ${l(panel.label)}`}>{t('dash.report')}</Link>
      </div>
      {answer.isError ? <Failure error={answer.error} retry={() => void answer.refetch()} />
        : answer.data === undefined ? <div className="panel-wait" role="status" aria-label={t('loading')}><div className="bar" /><div className="bar bar-1" /></div>
          : <Answer meta={meta} panel={panel} answer={answer.data} />}
    </section>
  );
}

/** The panels of a dashboard. Each asks its report when it comes into view, and fails alone. */
export function Panels({ meta, board }: { meta: CellMeta; board: Dashboard }) {
  return <div className="panels">{board.panels.map((panel, i) => <PanelBox key={`${panel.report}-${i}`} meta={meta} panel={panel} />)}</div>;
}

import { useQueries, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { Alert, App, Button, Modal } from 'antd';
import { useEffect, useState } from 'react';
import { api, ApiError } from '../api/client';
import { reportOf } from '../api/meta';
import type { ActionMeta, CellMeta, Page, RecordData, TypeMeta } from '../api/types';
import { Star } from '../app/favourites';
import { Failure, Notice, Skeleton } from '../app/notice';
import { StateTag } from '../fields/value';
import { useText, useWords } from '../i18n';
import { today } from '../lib/dates';
import { uuid } from '../lib/uuid';
import { asString } from '../lib/values';
import { dateOf, monthSpan, openIn, openStates, type DayCount, type OpenWork } from './open-work';
import type { ScreenProps } from './registry';
import { WORDS } from './words';
import './screens.css';

interface Groups { data: DayCount[] }

const monthOf = (period: RecordData) => ({ year: Number(period.year), month: Number(period.month) });

/** The years for which there are periods, newest first. */
function useYears(cell: string, type: TypeMeta) {
  return useQuery({
    queryKey: ['list', cell, type.resource, 'years'],
    queryFn: async ({ signal }) => {
      const groups = await api<Groups>(`/${cell}/${type.resource}/groups`, { query: { by: 'year' }, signal });
      return groups.data.map((g) => asString(g.keys.year)).filter((y) => y !== '').sort().reverse();
    },
  });
}

/** What stands open in a year, of every type whose documents have a date: one question per type. */
function useOpenWork(meta: CellMeta, year: string) {
  const types = meta.types.filter((type) => openStates(type).length > 0);
  return useQueries({
    queries: types.map((type) => {
      const date = dateOf(type) ?? '';
      const query = { by: `state,${date}`, 'state[in]': openStates(type).join(','), [`${date}[gte]`]: `${year}-01-01`, [`${date}[lte]`]: `${year}-12-31` };
      return { queryKey: ['list', meta.cell, type.resource, 'open', year], queryFn: () => api<Groups>(`/${meta.cell}/${type.resource}/groups`, { query }), enabled: year !== '' };
    }),
    combine: (answers) => ({
      pending: answers.some((a) => a.isPending),
      failed: types.filter((_, i) => answers[i]?.isError),
      of: (y: number, month: number): OpenWork[] => types.flatMap((type, i) => openIn(type, answers[i]?.data?.data ?? [], y, month)),
    }),
  });
}

/** Documents that stand open, each kind a way to its list. */
function Open({ cell, work }: { cell: string; work: OpenWork[] }) {
  const { l } = useText();
  return (
    <ul className="open-work">
      {work.map((w) => (
        <li key={`${w.type.name}/${w.state}`}>
          <Link to="/$cell/$resource" params={{ cell, resource: w.type.resource }} search={{ state: w.state, [`${dateOf(w.type) ?? ''}[gte]`]: w.from, [`${dateOf(w.type) ?? ''}[lte]`]: w.to }}>
            {l(w.type.label, w.type.name)} <b className="num">{w.count}</b>
          </Link>{' '}
          <StateTag states={w.type.states} value={w.state} />
        </li>
      ))}
    </ul>
  );
}

interface Asked { period: RecordData; action: ActionMeta }

/** Says before it is done whether a step is possible, and what it leaves behind; the server is asked by a trial. */
function Step({ cell, type, asked, work, earlier, onDone, onClose }: { cell: string; type: TypeMeta; asked: Asked; work: OpenWork[]; earlier: string[]; onDone: () => void; onClose: () => void }) {
  const { t, l } = useText();
  const w = useWords(WORDS);
  const { message } = App.useApp();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<ApiError | null>(null);
  const { period, action } = asked;
  const label = l(action.label, action.name);
  const path = `/${cell}/${type.resource}/${period.id}/transitions`;
  const body = { action: action.name, version: period.version };
  const trial = useQuery({
    queryKey: ['trial', cell, type.resource, period.id, period.version, action.name],
    queryFn: () => api(path, { method: 'POST', body, query: { dryRun: 'true' } }).then(() => true),
    staleTime: 0, gcTime: 0, retry: false,
  });
  const shuts = type.states.find((s) => s.value === action.to)?.tone !== 'active';
  const refused = problem ?? (trial.isError ? trial.error : null);
  const run = async () => {
    setBusy(true);
    try {
      await api(path, { method: 'POST', requestId: uuid(), body });
      message.success(w('done', { month: asString(period.code), action: label }));
      onDone();
    } catch (error) {
      setProblem(error instanceof ApiError ? error : new ApiError(0, 'UNKNOWN', error instanceof Error ? error.message : String(error)));
    } finally {
      setBusy(false);
    }
  };
  const count = work.reduce((sum, x) => sum + x.count, 0);
  return (
    <Modal open title={w('ask', { action: label, month: asString(period.code) })} width={520} okText={label} cancelText={t('cancel')} confirmLoading={busy}
      okButtonProps={{ disabled: !trial.isSuccess || problem !== null, ...{ 'data-testid': 'step' } }} onOk={() => void run()} onCancel={onClose}>
      <div className="step" aria-live="polite">
        {refused !== null ? <Alert type="error" showIcon title={w('mayNot', { action: label })} description={refused instanceof Error ? refused.message : ''} />
          : trial.isPending ? <p className="muted">{w('waits')}</p> : <p>{w('may', { action: label })}</p>}
        {shuts && earlier.length > 0 ? <p className="muted">{w('earlier', { months: earlier.join('、') })}</p> : null}
        {shuts && count > 0 ? <><p>{w('still', { n: count, action: label })}</p><Open cell={cell} work={work} /></> : null}
      </div>
    </Modal>
  );
}

function Row({ meta, type, period, work, waiting, ask }: { meta: CellMeta; type: TypeMeta; period: RecordData; work: OpenWork[]; waiting: boolean; ask: (asked: Asked) => void }) {
  const { t, l } = useText();
  const w = useWords(WORDS);
  const { year, month } = monthOf(period);
  const books = reportOf(meta, 'trial-balance');
  const steps = type.actions.filter((a) => a.from.includes(asString(period.state)));
  return (
    <tr data-period={asString(period.code)}>
      <th scope="row"><Link className="num" to="/$cell/$resource/$id" params={{ cell: meta.cell, resource: type.resource, id: period.id }}>{asString(period.code)}</Link></th>
      <td><StateTag states={type.states} value={period.state} /></td>
      <td className="period-open">{waiting ? <span className="bar" aria-hidden="true" /> : work.length > 0 ? <Open cell={meta.cell} work={work} /> : <span className="muted">{w('none')}</span>}</td>
      <td>{books?.allowed ? <Link to="/$cell/reports/$name" params={{ cell: meta.cell, name: books.name }} search={monthSpan(year, month)}>{w('books')}</Link> : null}</td>
      <td className="period-steps">
        {steps.map((a) => <Button key={a.name} size="small" data-action={a.name} disabled={!a.allowed} {...(a.allowed ? {} : { title: t('why.right') })} onClick={() => ask({ period, action: a })}>{l(a.label, a.name)}</Button>)}
      </td>
    </tr>
  );
}

/** The months of a year with what still stands open in each, and the steps that close and open them. */
export function PeriodClose({ meta, screen, type }: ScreenProps) {
  const { t, l } = useText();
  const w = useWords(WORDS);
  const client = useQueryClient();
  const navigate = useNavigate();
  const search = useSearch({ from: '/$cell/screens/$name' });
  const [asked, setAsked] = useState<Asked | null>(null);
  const cell = meta.cell;
  const years = useYears(cell, type);
  const year = search.year ?? (years.data?.find((y) => y === today().slice(0, 4)) ?? years.data?.[0] ?? '');
  const periods = useQuery({
    queryKey: ['list', cell, type.resource, 'of', year],
    queryFn: ({ signal }) => api<Page>(`/${cell}/${type.resource}`, { query: { year, pageSize: '50' }, signal }),
    enabled: year !== '',
  });
  const open = useOpenWork(meta, year);
  const title = l(screen.label, screen.name);
  useEffect(() => { document.title = `${title} · ${t('app.name')}`; }, [title, t]);
  const rows = [...(periods.data?.data ?? [])].sort((a, b) => Number(a.month) - Number(b.month));
  const workOf = (period: RecordData) => { const { year: y, month } = monthOf(period); return open.of(y, month); };
  const first = type.states.find((s) => s.tone === 'active')?.value;
  const earlier = (period: RecordData) => rows.filter((r) => Number(r.month) < Number(period.month) && r.state === first).map((r) => asString(r.code));
  const again = () => { setAsked(null); void client.invalidateQueries({ queryKey: ['list', cell] }); void client.invalidateQueries({ queryKey: ['record', cell, type.resource] }); };
  const failed = years.error ?? periods.error;
  return (
    <div className="list">
      <div className="list-head">
        <h1>{title}</h1>
        <Star path={`/${cell}/screens/${screen.name}`} title={title} />
        <span className="grow" />
        {(years.data ?? []).length > 0 ? (
          <select value={year} aria-label={w('year')} onChange={(e) => void navigate({ to: '.', search: { year: e.target.value } })}>
            {(years.data ?? []).map((y) => <option key={y}>{y}</option>)}
          </select>
        ) : null}
        <Link to="/$cell/$resource" params={{ cell, resource: type.resource }}>{w('list')}</Link>
      </div>
      {open.failed.length > 0 ? <div className="quiet-note" role="status">{w('failed')}: {open.failed.map((x) => l(x.label, x.name)).join('、')}</div> : null}
      {failed ? <Failure error={failed} retry={() => { void years.refetch(); void periods.refetch(); }} />
        : years.data?.length === 0 ? (
          <Notice title={w('nothing')}>{type.permissions.create ? <Link to="/$cell/$resource/$id" params={{ cell, resource: type.resource, id: 'new' }}>{w('create')}</Link> : null}</Notice>
        ) : periods.data === undefined ? <Skeleton rows={12} /> : (
          <div className="report-box">
            <table className="report periods">
              <thead><tr><th>{w('month')}</th><th>{l(type.fields.find((f) => f.name === 'state')?.label, 'state')}</th><th>{w('open')}</th><th /><th>{w('steps')}</th></tr></thead>
              <tbody>{rows.map((period) => <Row key={period.id} {...{ meta, type, period }} work={workOf(period)} waiting={open.pending} ask={setAsked} />)}</tbody>
            </table>
          </div>
        )}
      {asked ? <Step {...{ cell, type, asked }} work={workOf(asked.period)} earlier={earlier(asked.period)} onDone={again} onClose={() => setAsked(null)} /> : null}
    </div>
  );
}

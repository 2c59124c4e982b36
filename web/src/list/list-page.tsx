import { keepPreviousData, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { App, Button, Dropdown, Input, type InputRef } from 'antd';
import { useCallback, useEffect, useRef, useState } from 'react';
import { api, download } from '../api/client';
import { typeOf, useCellMeta } from '../api/meta';
import type { ActionMeta, JsonObject, Page, RecordData, TypeMeta } from '../api/types';
import { useCommand } from '../app/commands';
import { Failure, NotFound, Notice, Skeleton } from '../app/notice';
import type { Search } from '../app/search';
import { useRested } from '../fields/refs';
import { useText } from '../i18n';
import { asString } from '../lib/values';
import { FilterButton, FilterChips } from './filters';
import { columnsOf, filterEntries, nextSort, queryOf } from './list-state';
import { Grid } from './grid';

/** The list of any resource. */
export function ListPage() {
  const { cell, resource } = useParams({ from: '/$cell/$resource' });
  const meta = useCellMeta(cell);
  if (meta.isPending) return <Skeleton />;
  if (meta.isError) return <Failure error={meta.error} retry={() => void meta.refetch()} />;
  const type = typeOf(meta.data, resource);
  return type ? <List key={`${cell}/${resource}`} cell={cell} type={type} /> : <NotFound />;
}

function StateTabs({ type, search, change }: { type: TypeMeta; search: Search; change: (c: Search) => void }) {
  const { t, l } = useText();
  if (type.states.length < 2) return null;
  const tab = (value: string, label: string) => (
    <button key={value} type="button" role="tab" aria-selected={(search.state ?? '') === value} className="tab" onClick={() => change({ state: value })}>{label}</button>
  );
  return <div className="tabs" role="tablist">{tab('', t('list.all'))}{type.states.map((s) => tab(s.value, l(s.label, s.value)))}</div>;
}

function Pager({ page, search, change }: { page: Page; search: Search; change: (c: Search) => void }) {
  const { t } = useText();
  const pages = Math.max(1, Math.ceil(page.total / page.pageSize));
  const at = Number(search.page ?? '1');
  return (
    <footer className="pager">
      <span>{t(page.totalExact ? 'list.total' : 'list.total.more', { n: page.total })}</span>
      <span className="grow" />
      <select value={search.pageSize ?? '50'} aria-label={t('list.page', { page: at, pages })} onChange={(e) => change({ pageSize: e.target.value })}>
        {['50', '100', '200'].map((n) => <option key={n}>{n}</option>)}
      </select>
      <Button size="small" disabled={at <= 1} aria-label={t('list.prev')} onClick={() => change({ page: String(at - 1) })}>‹</Button>
      <span>{t('list.page', { page: at, pages: page.totalExact ? pages : `${pages}+` })}</span>
      <Button size="small" disabled={at >= pages} aria-label={t('list.next')} onClick={() => change({ page: String(at + 1) })}>›</Button>
    </footer>
  );
}

/** Actions that every selected record can take by its state. */
export function sharedActions(type: TypeMeta, records: RecordData[]): ActionMeta[] {
  return type.actions.filter((a) => a.allowed && !(a.data ?? []).some((f) => f.required) && records.every((r) => a.from.includes(asString(r.state))));
}

interface BulkResult { results?: { status?: number; error?: { message?: string } | null; id?: string }[]; data?: JsonObject[] }

function Selection({ cell, type, records, done }: { cell: string; type: TypeMeta; records: RecordData[]; done: () => void }) {
  const { t, l } = useText();
  const { message, modal } = App.useApp();
  const [busy, setBusy] = useState(false);
  if (records.length === 0) return null;
  const run = async (action: ActionMeta) => {
    setBusy(true);
    try {
      const answer = await api<BulkResult>(`/${cell}/${type.resource}/transitions`, {
        method: 'POST', body: { action: action.name, items: records.map((r) => ({ id: r.id, version: r.version })) },
      });
      const items = (answer.results ?? answer.data ?? []) as { status?: number; error?: { message?: string } | null }[];
      const bad = items.filter((r) => (r.status ?? 200) >= 400 || r.error);
      const summary = t('bulk.done', { ok: items.length - bad.length, bad: bad.length });
      if (bad.length === 0) message.success(summary);
      else modal.warning({ title: summary, content: <ul>{bad.map((r, i) => <li key={i}>{r.error?.message ?? r.status}</li>)}</ul> });
      done();
    } catch (error) {
      message.error(error instanceof Error ? error.message : String(error));
    }
    setBusy(false);
  };
  return (
    <div className="selection">
      {t('list.selected', { n: records.length })}
      {sharedActions(type, records).map((a) => <Button key={a.name} size="small" loading={busy} onClick={() => void run(a)}>{l(a.label, a.name)}</Button>)}
    </div>
  );
}

function Keyword({ value, onChange }: { value: string; onChange: (q: string) => void }) {
  const { t } = useText();
  const [typed, setTyped] = useState(value);
  const rested = useRested(typed, 250);
  const ref = useRef<InputRef>(null);
  const last = useRef(value);
  useEffect(() => {
    if (rested !== last.current) {
      last.current = rested;
      onChange(rested);
    }
  }, [rested, onChange]);
  useCommand('search', useCallback(() => ref.current?.focus({ cursor: 'all' }), []));
  return (
    <Input ref={ref} className="keyword" type="search" value={typed} allowClear placeholder={`${t('list.search')}  /`} aria-label={t('list.search')}
      onChange={(e) => setTyped(e.target.value)} />
  );
}

function List({ cell, type }: { cell: string; type: TypeMeta }) {
  const { t, l, lang } = useText();
  const { message } = App.useApp();
  const navigate = useNavigate();
  const client = useQueryClient();
  const search = useSearch({ from: '/$cell/$resource' });
  const [chosen, setChosen] = useState<string[]>([]);
  const query = queryOf(type, search);
  const answer = useQuery({
    queryKey: ['list', cell, type.resource, query, lang],
    queryFn: ({ signal }) => api<Page>(`/${cell}/${type.resource}`, { query, signal }),
    placeholderData: keepPreviousData,
  });
  const change = useCallback((part: Search) => {
    setChosen([]);
    void navigate({ to: '.', search: (old) => ({ ...(old as Search), page: '', ...part }), replace: 'q' in part });
  }, [navigate]);
  const open = useCallback((id: string) => void navigate({ to: '/$cell/$resource/$id', params: { cell, resource: type.resource, id } }), [navigate, cell, type.resource]);
  const creatable = type.permissions.create && !['ledger', 'balance'].includes(type.kind);
  const create = useCallback(() => open('new'), [open]);
  useCommand('new', creatable ? create : null);
  const label = l(type.label, type.name);
  const exportAs = (format: string) => {
    const { page, pageSize, ...filters } = query;
    download(`/${cell}/${type.resource}/export`, { ...filters, format }, `${type.resource}.${format}`)
      .catch((error: unknown) => message.error(error instanceof Error ? error.message : String(error)));
  };
  const rows = answer.data?.data ?? [];
  const narrowed = Boolean(search.q) || filterEntries(search).length > 0;
  return (
    <div className="list">
      <div className="list-head">
        <h1>{label}</h1>
        <StateTabs type={type} search={search} change={change} />
        <span className="grow" />
        {type.permissions.export ? (
          <Dropdown menu={{ items: [{ key: 'xlsx', label: 'Excel (xlsx)' }, { key: 'csv', label: 'CSV' }], onClick: ({ key }) => exportAs(key) }} trigger={['click']}>
            <Button>{t('list.export')}</Button>
          </Dropdown>
        ) : null}
        {creatable ? <Button type="primary" title="Alt-N" onClick={create}>{t('list.new')}</Button> : null}
      </div>
      <div className="list-tools">
        <Keyword value={search.q ?? ''} onChange={useCallback((q: string) => change({ q }), [change])} />
        <FilterButton type={type} search={search} change={change} />
        <FilterChips type={type} search={search} change={change} />
        <Selection cell={cell} type={type} records={rows.filter((r) => chosen.includes(r.id))}
          done={() => { setChosen([]); void client.invalidateQueries({ queryKey: ['list', cell] }); }} />
      </div>
      {answer.isPending ? <Skeleton rows={12} /> : answer.isError ? <Failure error={answer.error} retry={() => void answer.refetch()} /> : rows.length === 0 ? (
        <Notice title={t(narrowed ? 'list.empty.filtered' : 'list.empty', { type: label })}>
          {narrowed ? <Button onClick={() => change({ q: '', ...Object.fromEntries(filterEntries(search).map(([key]) => [key, ''])) })}>{t('list.clear')}</Button>
            : creatable ? <Button type="primary" onClick={create}>{t('record.new', { type: label })}</Button> : null}
        </Notice>
      ) : (
        <>
          <Grid type={type} columns={columnsOf(type)} rows={rows} sort={search.sort ?? type.list.sort ?? ''} chosen={chosen} busy={answer.isPlaceholderData}
            selectable={type.actions.some((a) => a.allowed)} onChoose={setChosen} onOpen={open} onSort={(name) => change({ sort: nextSort(search.sort ?? type.list.sort ?? '', name) })} />
          <Pager page={answer.data} search={search} change={change} />
        </>
      )}
    </div>
  );
}

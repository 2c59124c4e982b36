import { keepPreviousData, useQuery, useQueryClient } from '@tanstack/react-query';
import { Navigate, useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { App, Button, Dropdown, Input, type InputRef } from 'antd';
import { Suspense, useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { api, download } from '../api/client';
import { typeOf, useCellMeta } from '../api/meta';
import type { Page, TypeMeta } from '../api/types';
import { useCommand } from '../app/commands';
import { Star } from '../app/favourites';
import { Failure, NotFound, Notice, Skeleton } from '../app/notice';
import { Nothing, part } from '../app/part';
import { writeSearch, type Search } from '../app/search';
import { useRested } from '../fields/refs';
import { Value } from '../fields/value';
import { useText } from '../i18n';
import { setTrail } from '../lib/trail';
import { maskOf, mayReveal, valueOf } from '../lib/values';
import { Selection } from './bulk';
import { ColumnsButton } from './columns';
import { EXTRAS } from './extras';
import { FilterButton, FilterChips, QuickFilters } from './filters';
import { Grid } from './grid';
import { groupedBy, type Line } from './groups';
import { chosenColumns, filterEntries, nextSort, queryOf } from './list-state';
import { toView, useLayout, useViews, usualView, viewPart, type SavedView } from './view-state';

const GroupedGrid = part(() => import('./grouped').then((m) => m.GroupedGrid));
const Views = part(() => import('./views').then((m) => m.Views), Nothing);
const InlineCell = part(() => import('./inline').then((m) => m.InlineCell), ({ type, field, record }) => <Value field={field} value={valueOf(record, field)} links={false} states={type.states} />);

/** The list of any resource. */
export function ListPage() {
  const { cell, resource } = useParams({ from: '/$cell/$resource' });
  const meta = useCellMeta(cell);
  if (meta.isPending) return <Skeleton />;
  if (meta.isError) return <Failure error={meta.error} retry={() => void meta.refetch()} />;
  const type = typeOf(meta.data, resource);
  if (!type) return <NotFound />;
  return type.kind === 'setting' ? <OnlyRecord key={`${cell}/${resource}`} cell={cell} type={type} /> : <List key={`${cell}/${resource}`} cell={cell} type={type} />;
}

/** Settings have one record: its form stands in the place of a list. */
function OnlyRecord({ cell, type }: { cell: string; type: TypeMeta }) {
  const answer = useQuery({ queryKey: ['list', cell, type.resource, 'only'], queryFn: () => api<Page>(`/${cell}/${type.resource}`, { query: { pageSize: '1' } }), staleTime: 0 });
  if (answer.isPending) return <Skeleton />;
  if (answer.isError) return <Failure error={answer.error} retry={() => void answer.refetch()} />;
  return <Navigate to="/$cell/$resource/$id" params={{ cell, resource: type.resource, id: answer.data.data[0]?.id ?? 'new' }} replace />;
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

/** The page of a place; nothing is asked while groups stand in its place. */
function useRows(cell: string, type: TypeMeta, query: Record<string, string>, grouped: boolean) {
  const { lang } = useText();
  return useQuery({
    queryKey: ['list', cell, type.resource, query, lang],
    queryFn: ({ signal }) => api<Page>(`/${cell}/${type.resource}`, { query: { ...query, ...maskOf(type) }, signal }),
    placeholderData: keepPreviousData,
    enabled: !grouped,
  });
}

/** The saved view that is the default opens when a list is entered without any condition. */
function useUsualView({ views, loaded }: { views: SavedView[]; loaded: boolean }, search: Search, change: (c: Search) => void) {
  const entered = useRef<Search | null>(null);
  const settled = useRef(false);
  useEffect(() => {
    entered.current ??= search;
    if (settled.current || !loaded) return;
    settled.current = true;
    const usual = usualView(views);
    // Whoever has gone on meanwhile stays where he is.
    if (usual && [entered.current, search].every((s) => Object.values(s).every((value) => value === ''))) change(toView(usual, search));
  }, [views, loaded, search, change]);
}

const nothing = () => undefined;

/** The list of a type, in whatever place it stands. */
export function List({ cell, type }: { cell: string; type: TypeMeta }) {
  const { t, l } = useText();
  const { message } = App.useApp();
  const navigate = useNavigate();
  const client = useQueryClient();
  const search: Search = useSearch({ strict: false });
  const spot = `${cell}/${type.resource}`;
  const kept = useViews(cell, type.name);
  const [layout, setLayout] = useLayout(spot, kept.views.find((v) => v.id === search.view));
  const [chosen, setChosen] = useState<string[]>([]);
  const [inGroups, setInGroups] = useState<Page | null>(null);
  const [inline, setInline] = useState(false);
  const changeable = type.permissions.update && (type.kind === 'document' || type.kind === 'master');
  useCommand('inline', changeable ? () => setInline((on) => !on) : null);
  const query = queryOf(type, search);
  const by = useMemo(() => groupedBy(type, { group: search.group ?? '' }), [type, search.group]);
  const grouped = by.length > 0;
  const answer = useRows(cell, type, query, grouped);
  const change = useCallback((part: Search) => {
    setChosen([]);
    void navigate({ to: '.', search: (old) => ({ ...(old as Search), page: '', ...part }), replace: 'q' in part });
  }, [navigate]);
  useUsualView(kept, search, change);
  const shown = grouped ? inGroups : (answer.data ?? null);
  const rows = useMemo(() => shown?.data ?? [], [shown]);
  const columns = chosenColumns(type, search.cols ? search.cols.split(',') : layout.columns);
  useEffect(() => setTrail(spot, rows.map((r) => r.id), viewPart(search)), [spot, rows, search]);
  useEffect(() => { document.title = `${l(type.label, type.name)} · ${t('app.name')}`; }, [l, t, type]);
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
  const narrowed = Boolean(search.q) || Boolean(search.or) || filterEntries(search).length > 0;
  const Extra = EXTRAS[spot];
  const picked = rows.filter((r) => chosen.includes(r.id));
  const address = writeSearch(viewPart(search));
  const empty = (
    <Notice title={t(narrowed ? 'list.empty.filtered' : 'list.empty', { type: label })}>
      {narrowed ? <Button onClick={() => change({ q: '', or: '', ...Object.fromEntries(filterEntries(search).map(([key]) => [key, ''])) })}>{t('list.clear')}</Button>
        : creatable ? <Button type="primary" onClick={create}>{t('record.new', { type: label })}</Button> : null}
    </Notice>
  );
  const grid = {
    type, columns, layout, chosen, sort: search.sort ?? type.list.sort ?? '', inline: inline ? { cell, Cell: InlineCell } : null, selectable: type.actions.some((a) => a.allowed), sights: mayReveal(type) ? cell : null,
    onChoose: setChosen, onOpen: open, onSort: (name: string) => change({ sort: nextSort(search.sort ?? type.list.sort ?? '', name, type.list.sort) }),
    onWidth: (name: string, width: number) => setLayout({ ...layout, widths: { ...layout.widths, [name]: width } }),
  };
  return (
    <div className="list">
      <div className="list-head">
        <h1>{label}</h1>
        <Star path={`/${spot}${address}`} title={address === '' ? label : `${label} · ${[search.q, ...type.states.filter((s) => s.value === search.state).map((s) => l(s.label, s.value))].filter(Boolean).join(' ') || t('list.filter')}`} />
        <StateTabs type={type} search={search} change={change} />
        <span className="grow" />
        {Extra ? <Extra /> : null}
        <Suspense fallback={<Button disabled>{t('list.views')}</Button>}>
          <Views cell={cell} type={type.name} place={spot} views={kept.views} layout={layout} search={search} change={change} />
        </Suspense>
        <ColumnsButton cell={cell} type={type} columns={columns} layout={layout} onLayout={setLayout} search={search} change={change} />
        {changeable ? <Button className="wide-only" title="Alt-E" aria-pressed={inline} data-testid="inline" onClick={() => setInline(!inline)}>{t('cmd.inline')}</Button> : null}
        {type.permissions.export ? (
          <Dropdown menu={{ items: [{ key: 'xlsx', label: 'Excel (xlsx)' }, { key: 'csv', label: 'CSV' }], onClick: ({ key }) => exportAs(key) }} trigger={['click']}>
            <Button>{t('list.export')}</Button>
          </Dropdown>
        ) : null}
        {creatable ? <Button type="primary" title="Alt-N" onClick={create}>{t('list.new')}</Button> : null}
      </div>
      <div className="list-tools">
        <Keyword value={search.q ?? ''} onChange={useCallback((q: string) => change({ q }), [change])} />
        <QuickFilters type={type} search={search} change={change} />
        <FilterButton type={type} search={search} change={change} />
        <FilterChips type={type} search={search} change={change} />
        {shown ? (
          <Selection cell={cell} type={type} records={picked} query={query} total={shown.total} totalExact={shown.totalExact} wholePage={rows.length > 0 && picked.length === rows.length}
            done={() => { setChosen([]); void client.invalidateQueries({ queryKey: ['list', cell] }); }} />
        ) : null}
      </div>
      {grouped ? <Suspense fallback={<Skeleton rows={12} />}><GroupedGrid {...grid} {...{ cell, by, query, change }} empty={empty} onPage={setInGroups} /></Suspense>
        : answer.isPending ? <Skeleton rows={12} /> : answer.isError ? <Failure error={answer.error} retry={() => void answer.refetch()} /> : rows.length === 0 ? empty : (
          <>
            <Grid {...grid} lines={rows.map((record): Line => ({ kind: 'row', record }))} isOpen={() => true} onFold={nothing} onMore={nothing} busy={answer.isPlaceholderData} />
            <Pager page={answer.data} search={search} change={change} />
          </>
        )}
    </div>
  );
}

import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useBlocker, useNavigate, useParams } from '@tanstack/react-router';
import { Alert, App, Button, Drawer, Dropdown, Modal } from 'antd';
import { Suspense, useCallback, useEffect, useMemo, useState, type ComponentType } from 'react';
import { api } from '../api/client';
import { placeOf, typeOf, useCellMeta, useMe, useMetas } from '../api/meta';
import type { Created, RecordData, TypeMeta } from '../api/types';
import { useCommand } from '../app/commands';
import { Failure, NotFound, Skeleton } from '../app/notice';
import { Nothing, part } from '../app/part';
import { noteRecent } from '../app/recent';
import { Star } from '../app/favourites';
import { RowScope, type Scope } from '../fields/row-ref';
import { SightOf } from '../fields/reveal';
import { StateTag } from '../fields/value';
import { useText } from '../i18n';
import { showInstant } from '../lib/dates';
import { groupDecimal } from '../lib/decimal';
import { searchOf, trailOf } from '../lib/trail';
import { asObject, asString, maskOf, mayReveal, refText } from '../lib/values';
import { ActionButtons, allowedActions, closedActions } from './actions';
import { Draft, useDraft, type Kept } from './draft';
import { figuresOf, HeadFields } from './fields';
import { useKept } from './kept';
import { keptKey } from './kept-store';
import { LineGrid } from './line-grid';
import { usePreview, useSave } from './use-save';

const ConflictDialog = part(() => import('./conflict').then((m) => m.ConflictDialog));
const History = part(() => import('./history').then((m) => m.History));
const Links = part(() => import('./links').then((m) => m.Links));

/** What the form of some types offers beyond the usual, by cell and resource. */
const EXTRAS: Partial<Record<string, ComponentType<{ draft: Draft }>>> = {
  'platform/roles': part(() => import('./role-effect').then((m) => m.RoleEffect), Nothing),
};

function Extra({ spot, draft }: { spot: string; draft: Draft }) {
  const Own = EXTRAS[spot];
  return Own ? <Suspense fallback={null}><Own draft={draft} /></Suspense> : null;
}

/** Any record of any resource, or a new one under the id `new`. */
export function RecordPage() {
  const { cell, resource, id } = useParams({ from: '/$cell/$resource/$id' });
  const meta = useCellMeta(cell);
  const type = meta.data ? typeOf(meta.data, resource) : undefined;
  const record = useQuery({
    queryKey: ['record', cell, resource, id],
    queryFn: () => api<RecordData>(`/${cell}/${resource}/${id}`, { query: maskOf(type) }),
    enabled: id !== 'new' && type !== undefined,
    staleTime: 0,
  });
  if (meta.isPending) return <Skeleton />;
  if (meta.isError) return <Failure error={meta.error} retry={() => void meta.refetch()} />;
  if (!type) return <NotFound />;
  if (id !== 'new' && record.isPending) return <Skeleton />;
  if (record.isError) return <Failure error={record.error} retry={() => void record.refetch()} />;
  return <Editor key={`${cell}/${resource}/${id}`} cell={cell} type={type} record={id === 'new' ? null : (record.data ?? null)} />;
}

/** What a record is called on the page. */
export function titleOf(type: TypeMeta, record: RecordData): string {
  const title = record[type.titleField];
  const text = (typeof title === 'object' ? refText(title) : asString(title)) || asString(record.number) || asString(record.code) || asString(record.username) || asString(record.label);
  const name = type.kind === 'master' ? asString(record.name) : '';
  return [text, name === text ? '' : name].filter((part) => part !== '').join(' ');
}

function useGuard(draft: Draft, onLeave: () => void) {
  const { t } = useText();
  const blocker = useBlocker({ shouldBlockFn: () => draft.dirty, withResolver: true, enableBeforeUnload: () => draft.dirty });
  return (
    <Modal open={blocker.status === 'blocked'} title={t('record.leave')} okText={t('record.leave.yes')} cancelText={t('record.leave.no')} width={380}
      onOk={() => { onLeave(); blocker.proceed?.(); }} onCancel={() => blocker.reset?.()} />
  );
}

/** Input that an earlier visit left unsaved: taken up or thrown away. */
function KeptOffer({ kept, onRestore, onDrop }: { kept: Kept | null; onRestore: () => void; onDrop: () => void }) {
  const { t } = useText();
  if (kept === null) return null;
  return (
    <Alert className="created" type="info" showIcon data-testid="kept" title={t('kept.offer', { at: showInstant(kept.at) })} action={
      <span className="kept-actions"><Button size="small" type="primary" onClick={onRestore}>{t('kept.restore')}</Button><Button size="small" onClick={onDrop}>{t('kept.drop')}</Button></span>
    } />
  );
}

function CreatedLinks({ created, home, onClose }: { created: Created[]; home: string; onClose: () => void }) {
  const { t, l } = useText();
  const { metas } = useMetas();
  if (created.length === 0) return null;
  return (
    <Alert className="created" type="success" showIcon closable={{ onClose }} title={
      <>{t('record.created')}：{created.map((c) => {
        const place = placeOf(metas, c.type, c.type.includes('.') ? undefined : home);
        if (place === null) return <span key={c.id}>{c.number ?? c.type} </span>;
        return <Link key={c.id} className="created-link" to="/$cell/$resource/$id" params={{ cell: place.cell, resource: place.resource, id: c.id }}>{l(place.meta.label, c.type)} {c.number ?? ''}</Link>;
      })}</>
    } />
  );
}

function Figures({ draft }: { draft: Draft }) {
  const { l } = useText();
  useDraft(draft, 'head');
  const value = (name: string) => asString(draft.headGhosts[name] ?? draft.head[name]);
  return (
    <div className="figures">
      {figuresOf(draft.type).filter((f) => value(f.name) !== '').map((f) => (
        <div key={f.name} className="figure"><span className="muted">{l(f.label, f.name)}</span><b className="num">{groupDecimal(value(f.name), f.decimals)}</b></div>
      ))}
    </div>
  );
}

/** On to the neighbours of the list the reader came from. */
function Neighbours({ place, id, go }: { place: string; id: string; go: (id: string) => void }) {
  const { t } = useText();
  const trail = trailOf(place, id);
  useCommand('previous', trail?.previous ? () => go(trail.previous ?? '') : null);
  useCommand('next', trail?.next ? () => go(trail.next ?? '') : null);
  if (trail === null || trail.count < 2) return null;
  return (
    <span className="neighbours">
      <button type="button" className="icon-button" disabled={!trail.previous} aria-label={t('record.prev')} title={`${t('record.prev')}  Alt-PageUp`} onClick={() => go(trail.previous ?? '')}>‹</button>
      <span className="muted small">{trail.at}/{trail.count}</span>
      <button type="button" className="icon-button" disabled={!trail.next} aria-label={t('record.next')} title={`${t('record.next')}  Alt-PageDown`} onClick={() => go(trail.next ?? '')}>›</button>
    </span>
  );
}

function Stamps({ record }: { record: RecordData }) {
  const { t } = useText();
  const stamp = (label: string, at: string, by: string) => (at ? <span>{label} {by} {showInstant(at)}</span> : null);
  return (
    <footer className="stamps muted">
      {stamp(t('record.createdBy'), asString(record.createdAt), refText(record.createdBy))}
      {stamp(t('record.updatedBy'), asString(record.updatedAt), refText(record.updatedBy))}
      {asObject(record.owner) ? <span>{t('record.owner')} {refText(record.owner)}</span> : null}
    </footer>
  );
}

/** The menu of what is rarer, and of what is not possible now, with the reason. */
function More({ items, closed, onPick }: { items: { key: string; label: string; danger?: boolean }[]; closed: ReturnType<typeof closedActions>; onPick: (key: string) => void }) {
  const { t } = useText();
  const why = closed.map((a) => ({ key: `why-${a.name}`, disabled: true, label: <span className="why"><span>{a.label}</span><span className="small">{a.reason}</span></span> }));
  if (items.length + why.length === 0) return null;
  return (
    <Dropdown trigger={['click']} menu={{
      items: [...items, ...(why.length > 0 ? [{ type: 'divider' as const }, { key: 'why', type: 'group' as const, label: t('why.title'), children: why }] : [])],
      onClick: ({ key }) => onPick(key),
    }}>
      <Button aria-label={t('record.more')}>⋯</Button>
    </Dropdown>
  );
}

/** What the next new record of a place starts with. */
let copy: { place: string; from: Kept } | null = null;

function copyNext(place: string, from: Kept): void {
  copy = { place, from };
}

/** The draft of an opened record; a new one may start as a copy. */
function begin(type: TypeMeta, record: RecordData | null, place: string): Draft {
  const draft = new Draft(type, record);
  if (record === null && copy?.place === place) draft.restore(copy.from);
  // A custom field is added to the type whose custom fields are in view.
  const { type: added } = searchOf(place);
  if (record === null && type.name === 'custom-field' && added) draft.head.type = added;
  copy = null;
  return draft;
}

function useScope(cell: string, draft: Draft): Scope {
  const refs = useDraft(draft, 'refs');
  return useMemo(() => (wantedCell: string, name: string) => {
    const own = wantedCell === cell && draft.type.name === name ? draft.base?.id : undefined;
    if (own) return own;
    const field = draft.type.fields.find((f) => f.ref?.cell === wantedCell && f.ref.type === name && asObject(draft.head[f.name])?.id);
    return field ? asString(asObject(draft.head[field.name])?.id) : null;
  }, [cell, draft, refs]); // eslint-disable-line react-hooks/exhaustive-deps -- what is referred to decides
}

/** Names the window after the record, and keeps the record among those opened last. */
function useNoted(cell: string, type: TypeMeta, base: RecordData | null): void {
  const { t, l } = useText();
  const me = useMe();
  const label = l(type.label, type.name);
  useEffect(() => {
    const title = base ? titleOf(type, base) : '';
    document.title = `${title || label} · ${t('app.name')}`;
    if (base) noteRecent(me.tenant.code, me.person.id, { cell, resource: type.resource, id: base.id, title: title || label });
  }, [base, cell, label, me, t, type]);
}

/** The record whose sensitive values this person may have shown. */
function useSight(cell: string, type: TypeMeta, id: string | undefined) {
  return useMemo(() => (id !== undefined && mayReveal(type) ? { cell, type, id } : null), [cell, type, id]);
}

function Editor({ cell, type, record }: { cell: string; type: TypeMeta; record: RecordData | null }) {
  const { t, l, lang } = useText();
  const { message, modal } = App.useApp();
  const me = useMe();
  const navigate = useNavigate();
  const client = useQueryClient();
  const draft = useMemo(() => begin(type, record, `${cell}/${type.resource}`), []); // eslint-disable-line react-hooks/exhaustive-deps -- one draft per opened record
  useDraft(draft, 'dirty');
  useDraft(draft, 'base');
  const [theirs, setTheirs] = useState<RecordData | null>(null);
  const [created, setCreated] = useState<Created[]>([]);
  const [drawer, setDrawer] = useState<'history' | 'links' | null>(null);
  const { save, busy } = useSave(cell, draft);
  const base = draft.base;
  const label = l(type.label, type.name);
  const spot = `${cell}/${type.resource}`;
  const only = type.kind === 'setting';
  const state = asString(base?.state);
  const stateAllows = type.states.length === 0 || type.editableStates.length === 0 || base === null || type.editableStates.includes(state);
  const editable = base === null ? type.permissions.create : type.permissions.update && stateAllows && !['ledger', 'balance'].includes(type.kind);
  const kept = useKept(draft, keptKey(me.tenant.code, me.person.id, `${spot}/${record?.id ?? 'new'}`), editable);
  const guard = useGuard(draft, kept.drop);
  const scope = useScope(cell, draft);
  const sight = useSight(cell, type, record?.id);
  usePreview(cell, draft, lang, editable && type.kind === 'document');

  useEffect(() => { if (record && !draft.dirty && record !== draft.base && record.version >= (draft.base?.version ?? 0)) draft.load(record); }, [record, draft]);
  useNoted(cell, type, base);

  const place = useCallback((id: string) => navigate({ to: '/$cell/$resource/$id', params: { cell, resource: type.resource, id }, replace: id !== 'new' }), [navigate, cell, type.resource]);
  const store = useCallback(async (): Promise<RecordData | null> => {
    const outcome = await save();
    if ('id' in outcome && 'version' in outcome) { kept.drop(); return outcome; }
    const problem = outcome;
    if (problem.theirs) setTheirs(problem.theirs);
    if (problem.text) message.error(problem.text);
    return null;
  }, [save, message, kept.drop]); // eslint-disable-line react-hooks/exhaustive-deps -- only `drop` matters
  const onSave = async (another: boolean) => {
    if (!draft.dirty && draft.base) { if (another) await place('new'); return; }
    const fresh = draft.base === null;
    const saved = await store();
    if (!saved) return;
    message.success(fresh ? t('record.saved.as', { title: titleOf(type, saved) }) : t('record.saved'));
    if (another && fresh) draft.load(null);
    else if (another) await place('new');
    else if (fresh) await place(saved.id);
  };
  const canCreate = type.permissions.create && (type.kind === 'document' || type.kind === 'master');
  useCommand('save', editable ? () => void onSave(false) : null);
  useCommand('saveNew', editable && canCreate ? () => void onSave(true) : null);
  useCommand('new', canCreate && base ? () => void place('new') : null);
  useCommand('history', base ? () => setDrawer('history') : null);
  const linked = base !== null && type.kind === 'document';
  useCommand('links', linked ? () => setDrawer('links') : null);

  const remove = () => modal.confirm({
    title: t('record.delete.ask', { type: label }), okText: t('record.delete'), cancelText: t('cancel'), okButtonProps: { danger: true },
    onOk: async () => {
      if (!base) return;
      try {
        await api(`/${cell}/${type.resource}/${base.id}`, { method: 'DELETE', version: base.version });
      } catch (error) {
        message.error(error instanceof Error ? error.message : String(error));
        return;
      }
      message.success(t('record.deleted'));
      draft.load(base);
      kept.drop();
      void client.invalidateQueries({ predicate: ({ queryKey: [kind, of] }) => (kind === 'list' && of === cell) || (kind === 'meta' && type.name === 'custom-field') });
      await navigate({ to: '/$cell/$resource', params: { cell, resource: type.resource }, search: searchOf(spot) });
    },
  });
  const refetch = () => api<RecordData>(`/${cell}/${type.resource}/${base?.id ?? ''}`, { query: maskOf(type) });
  const done = (next: RecordData, made: Created[], action: string) => {
    draft.load(next);
    client.setQueryData(['record', cell, type.resource, next.id], next);
    void client.invalidateQueries({ predicate: (q) => (q.queryKey[0] !== 'meta' || type.name === 'custom-field') && !(q.queryKey[0] === 'record' && q.queryKey[3] === next.id) });
    setCreated(made);
    message.success(t('action.done', { action }));
  };
  const more = [
    ...(editable && canCreate ? [{ key: 'saveNew', label: `${t('record.saveNew')}  Alt-S` }] : []),
    ...(linked ? [{ key: 'links', label: t('record.links') }] : []),
    ...(base ? [{ key: 'history', label: t('record.history') }] : []),
    ...(base && canCreate ? [{ key: 'new', label: t('record.new', { type: label }) }] : []),
    ...(base && canCreate ? [{ key: 'copy', label: t('record.copy') }] : []),
    ...(base && type.permissions.delete && stateAllows ? [{ key: 'delete', label: t('record.delete'), danger: true }] : []),
  ];
  const pick = (key: string) => {
    if (key === 'history' || key === 'links') setDrawer(key);
    else if (key === 'new') void place('new');
    else if (key === 'copy') { copyNext(spot, draft.copied()); void place('new'); }
    else if (key === 'saveNew') void onSave(true);
    else if (key === 'delete') remove();
  };
  return (
    <RowScope value={scope}><SightOf value={sight}>
      <div className="record">
        {guard}
        <div className="record-head">
          <div className="record-title">
            {only ? null : <Link className="crumb" to="/$cell/$resource" params={{ cell, resource: type.resource }} search={searchOf(spot)}>{label}</Link>}
            <h1>{only ? label : base ? titleOf(type, base) : t('record.new', { type: label })}</h1>
            {base ? <StateTag states={type.states} value={base.state} /> : null}
            {base ? <Star path={`/${spot}/${base.id}`} title={titleOf(type, base) || label} /> : null}
            {base ? <Neighbours place={spot} id={base.id} go={(id) => void place(id)} /> : null}
            {draft.dirty ? <span className="unsaved">● {t('record.unsaved')}</span> : null}
          </div>
          <Figures draft={draft} />
          <span className="grow" />
          <div className="record-actions">
            <Extra spot={spot} draft={draft} />
            {base ? (
              <ActionButtons cell={cell} type={type} record={base} quiet={!draft.dirty}
                ready={() => (draft.dirty ? store() : Promise.resolve(draft.base))} onDone={done}
                onConflict={() => { void refetch().then((fresh) => { if (draft.dirty) setTheirs(fresh); else { draft.load(fresh); message.warning(t('conflict.title')); } }); }} />
            ) : null}
            {editable ? <Button type={draft.dirty || base === null ? 'primary' : 'default'} loading={busy} title="Ctrl-S" data-action="save" disabled={!draft.dirty && base !== null} onClick={() => void onSave(false)}>{t('record.save')}</Button> : null}
            <More items={more} closed={base ? closedActions(type, base, allowedActions(base), lang) : []} onPick={pick} />
          </div>
        </div>
        <KeptOffer kept={kept.offer} onRestore={kept.restore} onDrop={kept.drop} />
        <CreatedLinks created={created} home={cell} onClose={() => setCreated([])} />
        <div className="record-body">
          <HeadFields draft={draft} editable={editable} />
          {type.tables.map((table) => <LineGrid key={table.name} draft={draft} table={table} editable={editable} />)}
          {base ? <Stamps record={base} /> : null}
        </div>
        {theirs ? <Suspense fallback={null}><ConflictDialog draft={draft} theirs={theirs} onClose={() => setTheirs(null)} /></Suspense> : null}
        <Drawer open={drawer !== null} size={460} title={t(drawer === 'links' ? 'record.links' : 'record.history')} onClose={() => setDrawer(null)} destroyOnHidden>
          <Suspense fallback={<Skeleton rows={6} />}>
            {base && drawer === 'history' ? <History cell={cell} type={type} id={base.id} /> : null}
            {base && drawer === 'links' ? <Links cell={cell} resource={type.resource} id={base.id} title={`${label} ${titleOf(type, base)}`} /> : null}
          </Suspense>
        </Drawer>
      </div>
    </SightOf></RowScope>
  );
}

import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useBlocker, useNavigate, useParams } from '@tanstack/react-router';
import { Alert, App, Button, Drawer, Dropdown, Modal } from 'antd';
import { useCallback, useEffect, useMemo, useState } from 'react';
import { api } from '../api/client';
import { placeOf, typeOf, useCellMeta, useMe, useMetas } from '../api/meta';
import type { Created, RecordData, TypeMeta } from '../api/types';
import { useCommand } from '../app/commands';
import { Failure, NotFound, Skeleton } from '../app/notice';
import { noteRecent } from '../app/recent';
import { StateTag } from '../fields/value';
import { useText } from '../i18n';
import { showInstant } from '../lib/dates';
import { groupDecimal } from '../lib/decimal';
import { asObject, asString, refText, showValue } from '../lib/values';
import { ActionButtons } from './actions';
import { Draft, isWritable, useDraft } from './draft';
import { HeadFields } from './fields';
import { History } from './history';
import { LineGrid } from './line-grid';
import { usePreview, useSave } from './use-save';

/** Any record of any resource, or a new one under the id `new`. */
export function RecordPage() {
  const { cell, resource, id } = useParams({ from: '/$cell/$resource/$id' });
  const meta = useCellMeta(cell);
  const record = useQuery({
    queryKey: ['record', cell, resource, id],
    queryFn: () => api<RecordData>(`/${cell}/${resource}/${id}`),
    enabled: id !== 'new',
    staleTime: 0,
  });
  if (meta.isPending || (id !== 'new' && record.isPending)) return <Skeleton />;
  if (meta.isError) return <Failure error={meta.error} retry={() => void meta.refetch()} />;
  const type = typeOf(meta.data, resource);
  if (!type) return <NotFound />;
  if (record.isError) return <Failure error={record.error} retry={() => void record.refetch()} />;
  return <Editor key={`${cell}/${resource}/${id}`} cell={cell} type={type} record={id === 'new' ? null : (record.data ?? null)} />;
}

/** What a record is called on the page. */
export function titleOf(type: TypeMeta, record: RecordData): string {
  const title = record[type.titleField];
  const text = (typeof title === 'object' ? refText(title) : asString(title)) || asString(record.number) || asString(record.code) || asString(record.username);
  const name = type.kind === 'master' ? asString(record.name) : '';
  return [text, name === text ? '' : name].filter((part) => part !== '').join(' ');
}

function useGuard(draft: Draft) {
  const { t } = useText();
  const blocker = useBlocker({ shouldBlockFn: () => draft.dirty, withResolver: true, enableBeforeUnload: () => draft.dirty });
  return (
    <Modal open={blocker.status === 'blocked'} title={t('record.leave')} okText={t('record.leave.yes')} cancelText={t('record.leave.no')} width={380}
      onOk={() => blocker.proceed?.()} onCancel={() => blocker.reset?.()} />
  );
}

function ConflictDialog({ draft, theirs, onClose }: { draft: Draft; theirs: RecordData | null; onClose: () => void }) {
  const { t, l, lang } = useText();
  if (theirs === null) return null;
  const rows = draft.conflicts(theirs);
  return (
    <Modal open title={t('conflict.title')} onCancel={onClose} footer={[
      <Button key="reload" onClick={() => { draft.load(theirs); onClose(); }}>{t('conflict.reload')}</Button>,
      <Button key="keep" type="primary" onClick={() => { draft.rebase(theirs); onClose(); }}>{t('conflict.keep')}</Button>,
    ]}>
      <p>{t('conflict.text')}</p>
      {rows.length > 0 ? (
        <table className="plain">
          <thead><tr><th>{t('conflict.field')}</th><th>{t('conflict.mine')}</th><th>{t('conflict.theirs')}</th></tr></thead>
          <tbody>{rows.map((c) => <tr key={c.field.name}><td>{l(c.field.label, c.field.name)}</td><td>{showValue(c.field, c.mine, lang)}</td><td>{showValue(c.field, c.theirs, lang)}</td></tr>)}</tbody>
        </table>
      ) : null}
    </Modal>
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

/** The two or three figures that matter: the computed amounts of the head. */
function Figures({ draft }: { draft: Draft }) {
  const { l } = useText();
  useDraft(draft, 'head');
  const fields = draft.type.fields.filter((f) => f.type === 'decimal' && f.kind === 'amount' && !isWritable(f)).slice(-3);
  const value = (name: string) => asString(draft.headGhosts[name] ?? draft.head[name]);
  return (
    <div className="figures">
      {fields.filter((f) => value(f.name) !== '').map((f) => (
        <div key={f.name} className="figure"><span className="muted">{l(f.label, f.name)}</span><b className="num">{groupDecimal(value(f.name), f.decimals)}</b></div>
      ))}
    </div>
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

function Editor({ cell, type, record }: { cell: string; type: TypeMeta; record: RecordData | null }) {
  const { t, l, lang } = useText();
  const { message, modal } = App.useApp();
  const me = useMe();
  const navigate = useNavigate();
  const client = useQueryClient();
  const draft = useMemo(() => new Draft(type, record), []); // eslint-disable-line react-hooks/exhaustive-deps -- one draft per opened record
  useDraft(draft, 'dirty');
  useDraft(draft, 'any');
  const [theirs, setTheirs] = useState<RecordData | null>(null);
  const [created, setCreated] = useState<Created[]>([]);
  const [history, setHistory] = useState(false);
  const { save, busy } = useSave(cell, draft);
  const guard = useGuard(draft);
  const base = draft.base;
  const label = l(type.label, type.name);
  const state = asString(base?.state);
  const stateAllows = type.states.length === 0 || type.editableStates.length === 0 || base === null || type.editableStates.includes(state);
  const editable = base === null ? type.permissions.create : type.permissions.update && stateAllows && !['ledger', 'balance'].includes(type.kind);
  usePreview(cell, draft, lang, editable && type.kind === 'document');

  useEffect(() => { if (record && !draft.dirty && record !== draft.base && record.version >= (draft.base?.version ?? 0)) draft.load(record); }, [record, draft]);
  useEffect(() => {
    const title = base ? titleOf(type, base) : '';
    document.title = `${title || label} · ${t('app.name')}`;
    if (base) noteRecent(me.tenant.code, me.person.id, { cell, resource: type.resource, id: base.id, title: title || label });
  }, [base, cell, label, me, t, type]);  

  const place = useCallback((id: string) => navigate({ to: '/$cell/$resource/$id', params: { cell, resource: type.resource, id }, replace: id !== 'new' }), [navigate, cell, type.resource]);
  const store = useCallback(async (): Promise<RecordData | null> => {
    const outcome = await save();
    if ('id' in outcome && 'version' in outcome) return outcome;
    const problem = outcome;
    if (problem.theirs) setTheirs(problem.theirs);
    if (problem.text) message.error(problem.text);
    return null;
  }, [save, message]);
  const onSave = useCallback(async () => {
    if (!draft.dirty && draft.base) return;
    const fresh = draft.base === null;
    const saved = await store();
    if (!saved) return;
    message.success(t('record.saved'));
    if (fresh) await place(saved.id);
  }, [draft, store, message, t, place]);
  useCommand('save', useMemo(() => (editable ? () => void onSave() : null), [editable, onSave]));
  const canCreate = type.permissions.create && (type.kind === 'document' || type.kind === 'master');
  useCommand('new', useMemo(() => (canCreate && base ? () => void place('new') : null), [canCreate, base, place]));

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
      void client.invalidateQueries({ queryKey: ['list', cell] });
      await navigate({ to: '/$cell/$resource', params: { cell, resource: type.resource }, search: {} });
    },
  });
  const refetch = () => api<RecordData>(`/${cell}/${type.resource}/${base?.id ?? ''}`);
  const done = (next: RecordData, made: Created[], action: string) => {
    draft.load(next);
    client.setQueryData(['record', cell, type.resource, next.id], next);
    void client.invalidateQueries({ predicate: (q) => q.queryKey[0] !== 'meta' && q.queryKey[0] !== 'record' });
    setCreated(made);
    message.success(t('action.done', { action }));
  };
  const more = [
    ...(base ? [{ key: 'history', label: t('record.history') }] : []),
    ...(base && canCreate ? [{ key: 'new', label: t('record.new', { type: label }) }] : []),
    ...(base && type.permissions.delete && stateAllows ? [{ key: 'delete', label: t('record.delete'), danger: true }] : []),
  ];
  return (
    <div className="record">
      {guard}
      <div className="record-head">
        <div className="record-title">
          <Link className="crumb" to="/$cell/$resource" params={{ cell, resource: type.resource }} search={{}}>{label}</Link>
          <h1>{base ? titleOf(type, base) : t('record.new', { type: label })}</h1>
          {base ? <StateTag states={type.states} value={base.state} /> : null}
          {draft.dirty ? <span className="unsaved">● {t('record.unsaved')}</span> : null}
        </div>
        <Figures draft={draft} />
        <span className="grow" />
        <div className="record-actions">
          {base ? (
            <ActionButtons cell={cell} type={type} record={base} quiet={!draft.dirty}
              ready={() => (draft.dirty ? store() : Promise.resolve(draft.base))} onDone={done}
              onConflict={() => { void refetch().then((fresh) => { if (draft.dirty) setTheirs(fresh); else { draft.load(fresh); message.warning(t('conflict.title')); } }); }} />
          ) : null}
          {editable ? <Button type={draft.dirty || base === null ? 'primary' : 'default'} loading={busy} title="Ctrl-S" data-action="save" disabled={!draft.dirty && base !== null} onClick={() => void onSave()}>{t('record.save')}</Button> : null}
          {more.length > 0 ? (
            <Dropdown trigger={['click']} menu={{ items: more, onClick: ({ key }) => { if (key === 'history') setHistory(true); else if (key === 'new') void place('new'); else remove(); } }}>
              <Button aria-label={t('record.more')}>⋯</Button>
            </Dropdown>
          ) : null}
        </div>
      </div>
      <CreatedLinks created={created} home={cell} onClose={() => setCreated([])} />
      <div className="record-body">
        <HeadFields draft={draft} editable={editable} />
        {type.tables.map((table) => <LineGrid key={table.name} draft={draft} table={table} editable={editable} />)}
        {base ? <Stamps record={base} /> : null}
      </div>
      <ConflictDialog draft={draft} theirs={theirs} onClose={() => setTheirs(null)} />
      <Drawer open={history} size={460} title={t('record.history')} onClose={() => setHistory(false)} destroyOnHidden>
        {base ? <History cell={cell} type={type} id={base.id} /> : null}
      </Drawer>
    </div>
  );
}

import { useQueryClient } from '@tanstack/react-query';
import { App, Button, Dropdown, Input, Modal, type MenuProps } from 'antd';
import { Suspense, useEffect, useRef, useState } from 'react';
import { api, ApiError } from '../api/client';
import { useMe } from '../api/meta';
import type { JsonObject, RecordData } from '../api/types';
import { part } from '../app/part';
import type { Search } from '../app/search';
import { useText, useWords } from '../i18n';
import { asString } from '../lib/values';
import { uuid } from '../lib/uuid';
import { definitionOf, isChanged, oldViews, settleLayout, toView, viewOf, type Layout, type SavedView } from './view-state';

const ViewConflict = part(() => import('./view-conflict').then((m) => m.ViewConflict));

const WORDS = {
  zh: { mine: '我的视图', shared: '共享视图', share: '共享给所有人', withdraw: '取消共享', rename: '重命名', everybody: '设为所有人的默认', moved: '此前保存在浏览器中的视图已移到服务器' },
  en: { mine: 'My views', shared: 'Shared views', share: 'Share with everybody', withdraw: 'Stop sharing', rename: 'Rename', everybody: 'Make it everybody’s default', moved: 'The views kept in this browser are now kept by the server' },
};

interface Props { cell: string; type: string; views: SavedView[]; layout: Layout; search: Search; change: (c: Search) => void }

/** Moves the views that a browser kept to the server, once. */
function useMove(cell: string, type: string, place: string, done: () => void) {
  const me = useMe();
  const started = useRef(false);
  useEffect(() => {
    const { views, drop } = oldViews(me, place);
    if (started.current || views.length === 0) return;
    started.current = true;
    const keep = (view: { id: string; name: string; search: Search; usual?: boolean }) => api('/platform/saved-views', {
      method: 'POST', body: { id: view.id, cell, type, name: view.name, isDefault: view.usual === true, definition: definitionOf(view.search, { widths: {}, frozen: 1 }) },
    });
    // A client-made id repeated makes no second record: whatever stops this may begin again.
    void (async () => { for (const view of views) await keep(view); })().then(() => { drop(); done(); }, () => undefined);
  }, [me, cell, type, place, done]);
}

/** The saved views of a list: choose, save, share, make one the default, pass on the link. */
export function Views({ cell, type, place, views, layout, search, change }: Props & { place: string }) {
  const { t } = useText();
  const w = useWords(WORDS);
  const me = useMe();
  const { message } = App.useApp();
  const client = useQueryClient();
  const [naming, setNaming] = useState<{ name: string; view: SavedView | null } | null>(null);
  const [theirs, setTheirs] = useState<SavedView | null>(null);
  const current = views.find((v) => v.id === search.view);
  const changed = current !== undefined && isChanged(current, search, layout);
  const mayShare = me.permissions.includes('platform.saved-view.share');
  const mayChange = current !== undefined && (current.shared ? mayShare : current.mine);
  const refresh = () => client.invalidateQueries({ queryKey: ['views', cell, type] });
  useMove(cell, type, place, () => { message.info(w('moved')); void refresh(); });
  const failed = (error: unknown) => { message.error(error instanceof Error ? error.message : String(error)); };
  const fresh = async (id: string) => viewOf(await api<RecordData>(`/platform/saved-views/${id}`), asString(me.membership.id));
  const patch = async (view: SavedView, body: JsonObject) => {
    try {
      await api(`/platform/saved-views/${view.id}`, { method: 'PATCH', body: { ...body, version: view.version } });
      if (body.definition !== undefined) settleLayout(view.id);
      await refresh();
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== 'CONFLICT') { failed(error); return; }
      if (body.definition !== undefined) { setTheirs(await fresh(view.id)); return; }
      message.warning(t('conflict.title'));
      await refresh();
    }
  };
  const save = async () => {
    const name = (naming?.name ?? '').trim();
    if (naming === null || name === '') return;
    setNaming(null);
    if (naming.view) { await patch(naming.view, { name }); return; }
    const id = uuid();
    try {
      await api('/platform/saved-views', { method: 'POST', body: { id, cell, type, name, definition: definitionOf(search, layout) } });
    } catch (error) { failed(error); return; }
    if (current) settleLayout(current.id);
    await refresh();
    change({ view: id });
  };
  const act = (view: SavedView, action: string) => api(`/platform/saved-views/${view.id}/transitions`, { method: 'POST', body: { action, version: view.version } }).then(refresh, failed);
  const remove = (view: SavedView) => api(`/platform/saved-views/${view.id}`, { method: 'DELETE', version: view.version }).then(() => { change({ view: '' }); return refresh(); }, failed);
  const link = () => {
    navigator.clipboard.writeText(location.href).then(() => message.success(t('list.view.copied')), () => message.info(location.href));
  };
  const entry = (v: SavedView) => ({ key: v.id, label: `${v.id === current?.id ? '✓ ' : ''}${v.name}${v.usual ? ' ·' : ''}`, onClick: () => change(toView(v, search)) });
  const section = (label: string, list: SavedView[]) => (list.length === 0 ? [] : [{ key: label, type: 'group' as const, label, children: list.map(entry) }]);
  const items: MenuProps['items'] = [
    { key: 'usual', label: `${current ? '' : '✓ '}${t('list.view.usual')}`, onClick: () => change(toView(null, search)) },
    ...section(w('shared'), views.filter((v) => v.shared)),
    ...section(w('mine'), views.filter((v) => !v.shared)),
    { type: 'divider' as const },
    ...(current && changed && mayChange ? [{ key: 'update', label: t('list.view.update', { name: current.name }), onClick: () => void patch(current, { definition: definitionOf(search, layout) }) }] : []),
    { key: 'save', label: `${t('list.view.save')}…`, onClick: () => setNaming({ name: '', view: null }) },
    ...(current && mayChange ? [
      { key: 'rename', label: `${w('rename')}…`, onClick: () => setNaming({ name: current.name, view: current }) },
      { key: 'default', label: current.usual ? t('list.view.nodefault') : current.shared ? w('everybody') : t('list.view.default'), onClick: () => void patch(current, { isDefault: !current.usual }) },
      ...(mayShare ? [{ key: 'share', label: w(current.shared ? 'withdraw' : 'share'), onClick: () => void act(current, current.shared ? 'withdraw' : 'share') }] : []),
      { key: 'remove', danger: true, label: t('list.view.remove'), onClick: () => void remove(current) },
    ] : []),
    { key: 'link', label: t('list.view.link'), onClick: link },
  ];
  return (
    <>
      <Dropdown menu={{ items, className: 'views-menu' }} trigger={['click']}>
        <Button data-testid="views" title={changed ? t('list.view.changed') : undefined}>{current?.name ?? t('list.views')}{changed ? <span className="dot" aria-label={t('list.view.changed')}> ●</span> : null}</Button>
      </Dropdown>
      <Modal open={naming !== null} title={naming?.view ? w('rename') : t('list.view.save')} width={360} okText={t('record.save')} cancelText={t('cancel')} onOk={() => void save()} onCancel={() => setNaming(null)} destroyOnHidden>
        <Input value={naming?.name ?? ''} maxLength={80} aria-label={t('list.view.name')} placeholder={t('list.view.name')} autoFocus onChange={(e) => setNaming((n) => (n ? { ...n, name: e.target.value } : n))} onPressEnter={() => void save()} />
      </Modal>
      {theirs && current ? (
        <Suspense fallback={null}>
          <ViewConflict mine={{ ...current, search, layout }} theirs={theirs} onClose={() => { setTheirs(null); void refresh(); }}
            onKeep={(view) => { setTheirs(null); void patch({ ...view, version: theirs.version }, { definition: definitionOf(view.search, view.layout) }).then(() => change(toView(view, search))); }} />
        </Suspense>
      ) : null}
    </>
  );
}

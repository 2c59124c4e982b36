import { App, Button, Dropdown, Input, Modal } from 'antd';
import { useState } from 'react';
import type { Search } from '../app/search';
import { useText } from '../i18n';
import { uuid } from '../lib/uuid';
import { isChanged, toView, useViews, viewPart } from './view-state';

/** The saved views of a list: choose, save, make one the default, pass on the link. */
export function Views({ place, search, change }: { place: string; search: Search; change: (c: Search) => void }) {
  const { t } = useText();
  const { message } = App.useApp();
  const [views, setViews] = useViews(place);
  const [naming, setNaming] = useState<string | null>(null);
  const current = views.find((v) => v.id === search.view);
  const changed = current !== undefined && isChanged(current, search);
  const save = () => {
    const name = (naming ?? '').trim();
    if (name === '') return;
    const view = { id: uuid(), name, search: viewPart(search) };
    setViews([...views, view]);
    change({ view: view.id });
    setNaming(null);
  };
  const update = (part: object) => setViews(views.map((v) => (v.id === current?.id ? { ...v, ...part } : v)));
  const link = () => {
    navigator.clipboard.writeText(location.href).then(() => message.success(t('list.view.copied')), () => message.info(location.href));
  };
  const items = [
    { key: 'usual', label: `${current ? '' : '✓ '}${t('list.view.usual')}`, onClick: () => change(toView(null, search)) },
    ...views.map((v) => ({ key: v.id, label: `${v.id === current?.id ? '✓ ' : ''}${v.name}${v.usual ? ' ·' : ''}`, onClick: () => change(toView(v, search)) })),
    { type: 'divider' as const },
    ...(current && changed ? [{ key: 'update', label: t('list.view.update', { name: current.name }), onClick: () => update({ search: viewPart(search) }) }] : []),
    { key: 'save', label: `${t('list.view.save')}…`, onClick: () => setNaming('') },
    ...(current ? [
      { key: 'default', label: t(current.usual ? 'list.view.nodefault' : 'list.view.default'), onClick: () => setViews(views.map((v) => ({ ...v, usual: v.id === current.id && !current.usual }))) },
      { key: 'remove', danger: true, label: t('list.view.remove'), onClick: () => { setViews(views.filter((v) => v.id !== current.id)); change({ view: '' }); } },
    ] : []),
    { key: 'link', label: t('list.view.link'), onClick: link },
  ];
  return (
    <>
      <Dropdown menu={{ items }} trigger={['click']}>
        <Button data-testid="views" title={changed ? t('list.view.changed') : undefined}>{current?.name ?? t('list.views')}{changed ? <span className="dot" aria-label={t('list.view.changed')}> ●</span> : null}</Button>
      </Dropdown>
      <Modal open={naming !== null} title={t('list.view.save')} width={360} okText={t('record.save')} cancelText={t('cancel')} onOk={save} onCancel={() => setNaming(null)} destroyOnHidden>
        <Input value={naming ?? ''} aria-label={t('list.view.name')} placeholder={t('list.view.name')} autoFocus onChange={(e) => setNaming(e.target.value)} onPressEnter={save} />
      </Modal>
    </>
  );
}

import { Button, Modal, Segmented } from 'antd';
import { useState } from 'react';
import type { Search } from '../app/search';
import { useText, useWords } from '../i18n';
import type { Layout, SavedView } from './view-state';

const WORDS = {
  zh: { conditions: '条件', sort: '排序', group: '分组', columns: '列', widths: '列宽', frozen: '冻结列数', usual: '标准' },
  en: { conditions: 'Conditions', sort: 'Sorting', group: 'Grouping', columns: 'Columns', widths: 'Widths', frozen: 'Frozen columns', usual: 'as usual' },
};

type Part = 'conditions' | 'sort' | 'group' | 'columns' | 'widths' | 'frozen';
const PARTS: Part[] = ['conditions', 'sort', 'group', 'columns', 'widths', 'frozen'];
const OWN = new Set(['sort', 'group', 'cols', 'page', 'view', 'pageSize']);

/** What a part of a view says, as text: equal texts are the same. */
export function partText(view: { search: Search; layout: Layout }, part: Part): string {
  const { search, layout } = view;
  switch (part) {
    case 'conditions': return Object.entries(search).filter(([key, value]) => !OWN.has(key) && value !== '').sort(([a], [b]) => a.localeCompare(b)).map(([key, value]) => `${key} = ${value}`).join(', ');
    case 'sort': return search.sort ?? '';
    case 'group': return search.group ?? '';
    case 'columns': return search.cols ?? (layout.columns ?? []).join(',');
    case 'widths': return Object.entries(layout.widths).sort(([a], [b]) => a.localeCompare(b)).map(([name, width]) => `${name} ${width}`).join(', ');
    case 'frozen': return String(layout.frozen);
  }
}

/** A view put together from two: each part from the one or the other. */
export function mergeViews(mine: SavedView, theirs: SavedView, taken: ReadonlySet<Part>): SavedView {
  const from = (part: Part) => (taken.has(part) ? theirs : mine);
  const keep = (search: Search, wanted: (key: string) => boolean) => Object.fromEntries(Object.entries(search).filter(([key]) => wanted(key)));
  const { columns } = from('columns').layout;
  return {
    ...mine,
    search: {
      ...keep(from('conditions').search, (key) => !OWN.has(key)), ...keep(from('sort').search, (key) => key === 'sort'),
      ...keep(from('group').search, (key) => key === 'group'), ...keep(from('columns').search, (key) => key === 'cols'),
    },
    layout: { widths: from('widths').layout.widths, frozen: from('frozen').layout.frozen, ...(columns ? { columns } : {}) },
  };
}

/** Somebody else saved a newer version of a view: each part that differs is chosen. */
export function ViewConflict({ mine, theirs, onClose, onKeep }: { mine: SavedView; theirs: SavedView; onClose: () => void; onKeep: (view: SavedView) => void }) {
  const { t } = useText();
  const w = useWords(WORDS);
  const differing = PARTS.filter((part) => partText(mine, part) !== partText(theirs, part));
  const [taken, setTaken] = useState<ReadonlySet<Part>>(new Set());
  const choose = (part: Part, other: boolean) => setTaken((old) => { const next = new Set(old); if (other) next.add(part); else next.delete(part); return next; });
  return (
    <Modal open title={t('conflict.title')} width={640} onCancel={onClose} footer={[
      <Button key="reload" onClick={() => onKeep({ ...theirs, version: theirs.version })}>{t('conflict.reload')}</Button>,
      <Button key="keep" type="primary" data-testid="merge" onClick={() => onKeep(mergeViews(mine, theirs, taken))}>{t('conflict.merge')}</Button>,
    ]}>
      <p>{t('conflict.text')} {differing.length === 0 ? t('conflict.none') : t('conflict.choose')}</p>
      {differing.length > 0 ? (
        <table className="plain conflict">
          <thead><tr><th>{t('conflict.field')}</th><th>{t('conflict.mine')}</th><th>{t('conflict.theirs')}</th><th>{t('conflict.take')}</th></tr></thead>
          <tbody>
            {differing.map((part) => (
              <tr key={part}><td>{w(part)}</td><td>{partText(mine, part) || w('usual')}</td><td>{partText(theirs, part) || w('usual')}</td>
                <td><Segmented size="small" value={taken.has(part) ? 'theirs' : 'mine'} aria-label={w(part)} onChange={(value) => choose(part, value === 'theirs')}
                  options={[{ value: 'mine', label: t('conflict.mine') }, { value: 'theirs', label: t('conflict.theirs') }]} /></td></tr>
            ))}
          </tbody>
        </table>
      ) : null}
    </Modal>
  );
}

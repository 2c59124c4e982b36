import { Link } from '@tanstack/react-router';
import { Button, Popover, Select } from 'antd';
import { useState } from 'react';
import { useCellMeta } from '../api/meta';
import type { Field, TypeMeta } from '../api/types';
import { useCommand } from '../app/commands';
import type { Search } from '../app/search';
import { useText } from '../i18n';
import { groupableFields } from './groups';
import { columnsOf, possibleColumns } from './list-state';
import type { Layout } from './view-state';

interface Props { cell: string; type: TypeMeta; columns: Field[]; layout: Layout; onLayout: (layout: Layout | null) => void; search: Search; change: (c: Search) => void }

/** Which columns a list shows, in which order, how many stay in view, and what its rows are grouped by. */
export function ColumnsButton({ cell, type, columns, layout, onLayout, search, change }: Props) {
  const { t, l } = useText();
  const [open, setOpen] = useState(false);
  const meta = useCellMeta(cell);
  const own = meta.data?.types.find((other) => other.name === 'custom-field');
  const takesOwn = own !== undefined && own !== type && ['master', 'document'].includes(type.kind);
  useCommand('columns', () => setOpen(true));
  const names = columns.map((c) => c.name);
  const rest = possibleColumns(type).filter((f) => !names.includes(f.name));
  const set = (next: string[]) => {
    if (next.length === 0) return;
    onLayout({ ...layout, columns: next });
    // The address carries the columns too, so that a link shows the same list to somebody else.
    change({ cols: next.join(',') === columnsOf(type).map((c) => c.name).join(',') ? '' : next.join(',') });
  };
  const move = (at: number, by: number) => {
    const next = [...names];
    const [moved] = next.splice(at, 1);
    if (moved !== undefined) next.splice(at + by, 0, moved);
    set(next);
  };
  const groupable = groupableFields(type);
  const [outer = '', inner = ''] = (search.group ?? '').split(',');
  const groupOptions = (without: string) => [{ value: '', label: t('list.group.none') }, ...groupable.filter((f) => f.name !== without).map((f) => ({ value: f.name, label: l(f.label, f.name) }))];
  const panel = (
    <div className="columns-panel">
      <div className="columns-line">
        <label htmlFor="group-by">{t('list.group')}</label>
        <Select id="group-by" size="small" value={outer} options={groupOptions('')} onChange={(name: string) => change({ group: name === '' || name === inner ? name : [name, inner].filter(Boolean).join(',') })} popupMatchSelectWidth={false} />
        {outer ? <Select id="group-by-then" size="small" aria-label={t('list.group.then')} value={inner} options={groupOptions(outer)} onChange={(name: string) => change({ group: [outer, name].filter(Boolean).join(',') })} popupMatchSelectWidth={false} /> : null}
      </div>
      <ul className="columns-list">
        {columns.map((field, at) => (
          <li key={field.name}>
            <label><input type="checkbox" checked onChange={() => set(names.filter((n) => n !== field.name))} /> {l(field.label, field.name)}</label>
            <button type="button" className="icon-button" disabled={at === 0} aria-label={`${t('list.up')}: ${l(field.label, field.name)}`} onClick={() => move(at, -1)}>↑</button>
            <button type="button" className="icon-button" disabled={at === columns.length - 1} aria-label={`${t('list.down')}: ${l(field.label, field.name)}`} onClick={() => move(at, 1)}>↓</button>
          </li>
        ))}
        {rest.map((field) => (
          <li key={field.name} className="columns-rest">
            <label><input type="checkbox" checked={false} onChange={() => set([...names, field.name])} /> {l(field.label, field.name)}</label>
          </li>
        ))}
      </ul>
      <div className="columns-line">
        <Select size="small" aria-label={t('list.freeze', { n: layout.frozen })} value={layout.frozen} options={[0, 1, 2, 3].map((n) => ({ value: n, label: t('list.freeze', { n }) }))}
          onChange={(frozen: number) => onLayout({ ...layout, frozen })} popupMatchSelectWidth={false} />
        <span className="grow" />
        {takesOwn ? <Link to="/$cell/$resource" params={{ cell, resource: own.resource }} search={{ type: type.resource }} data-testid="custom-fields">{t('list.custom')}</Link> : null}
        <Button size="small" onClick={() => { onLayout(null); change({ cols: '', group: '' }); }}>{t('list.columns.reset')}</Button>
      </div>
    </div>
  );
  return (
    <Popover open={open} trigger="click" placement="bottomRight" content={panel} onOpenChange={setOpen}>
      <Button title="Alt-C">{t('list.columns')}</Button>
    </Popover>
  );
}

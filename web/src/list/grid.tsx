import { useVirtualizer } from '@tanstack/react-virtual';
import { useRef, type KeyboardEvent } from 'react';
import type { Field, RecordData, TypeMeta } from '../api/types';
import { Value } from '../fields/value';
import { useText } from '../i18n';
import { preferences } from '../lib/preferences';
import { useCell } from '../lib/store';
import { isNumeric, valueOf } from '../lib/values';
import { leastWidth, widthOf } from './list-state';

/** Rows beyond this number are drawn only while they are in view. */
const VIRTUAL_FROM = 100;

interface GridProps {
  type: TypeMeta;
  columns: Field[];
  rows: RecordData[];
  sort: string;
  chosen: string[];
  selectable: boolean;
  busy: boolean;
  onChoose: (ids: string[]) => void;
  onOpen: (id: string) => void;
  onSort: (name: string) => void;
}

function Head({ columns, sort, selectable, all, onAll, onSort }: Pick<GridProps, 'columns' | 'sort' | 'selectable' | 'onSort'> & { all: boolean; onAll: () => void }) {
  const { t, l } = useText();
  return (
    <div className="grid-head" role="row">
      {selectable ? <span role="columnheader" className="cell check"><input type="checkbox" checked={all} aria-label={t('list.selectall')} onChange={onAll} /></span> : null}
      {columns.map((field) => {
        const direction = sort === field.name ? 'ascending' : sort === `-${field.name}` ? 'descending' : undefined;
        const className = `cell ${isNumeric(field.type) ? 'right' : ''}`;
        if (!field.sort) return <span key={field.name} role="columnheader" className={className}>{l(field.label, field.name)}</span>;
        return (
          <span key={field.name} role="columnheader" aria-sort={direction ?? 'none'} className={className}>
            <button type="button" onClick={() => onSort(field.name)}>{l(field.label, field.name)}<span className="arrow" aria-hidden="true">{direction === 'ascending' ? '↑' : direction === 'descending' ? '↓' : ''}</span></button>
          </span>
        );
      })}
    </div>
  );
}

function Row({ record, top, ...props }: { record: RecordData; top: number | null } & Pick<GridProps, 'type' | 'columns' | 'chosen' | 'selectable' | 'onChoose' | 'onOpen'>) {
  const { t, l } = useText();
  const { type, columns, chosen, selectable, onChoose, onOpen } = props;
  const picked = chosen.includes(record.id);
  return (
    <div className="grid-row" role="row" tabIndex={0} aria-selected={picked} data-id={record.id} style={top === null ? undefined : { position: 'absolute', top, left: 0, right: 0 }}
      onClick={() => { if (!window.getSelection()?.toString()) onOpen(record.id); }}>
      {selectable ? (
        <span role="gridcell" className="cell check" onClick={(e) => e.stopPropagation()}>
          <input type="checkbox" checked={picked} tabIndex={-1} aria-label={t('list.select')}
            onChange={() => onChoose(picked ? chosen.filter((id) => id !== record.id) : [...chosen, record.id])} />
        </span>
      ) : null}
      {columns.map((field) => (
        <span key={field.name} role="gridcell" className={`cell cell-${field.type} ${isNumeric(field.type) ? 'right' : ''}`} data-label={l(field.label, field.name)}>
          <Value field={field} value={valueOf(record, field)} links={false} states={type.states} />
        </span>
      ))}
    </div>
  );
}

/** The rows of a list: plain cells, a head that stays, and only what is in view when there are many. */
export function Grid(props: GridProps) {
  const { type, columns, rows, sort, chosen, selectable, busy, onChoose, onOpen, onSort } = props;
  const { density } = useCell(preferences);
  const box = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: rows.length, getScrollElement: () => box.current, estimateSize: () => (density === 'compact' ? 28 : 36), overscan: 12,
  });
  const many = rows.length > VIRTUAL_FROM && window.innerWidth > 700;
  const all = rows.length > 0 && chosen.length === rows.length;
  const tracks = [...(selectable ? ['36px'] : []), ...columns.map(widthOf)];
  const cols = tracks.join(' ');
  const onKey = (e: KeyboardEvent<HTMLDivElement>) => {
    const row = e.target instanceof HTMLElement ? e.target.closest<HTMLElement>('.grid-row') : null;
    if (row === null) return;
    const id = row.dataset.id ?? '';
    if (e.key === 'Enter') onOpen(id);
    else if (e.key === 'ArrowDown') (row.nextElementSibling as HTMLElement | null)?.focus();
    else if (e.key === 'ArrowUp') (row.previousElementSibling as HTMLElement | null)?.focus();
    else if (e.key === ' ' && selectable) onChoose(chosen.includes(id) ? chosen.filter((c) => c !== id) : [...chosen, id]);
    else return;
    e.preventDefault();
  };
  const common = { type, columns, chosen, selectable, onChoose, onOpen };
  return (
    <div className="grid" ref={box} role="grid" aria-rowcount={rows.length} aria-busy={busy} style={{ '--cols': cols, '--least': `${leastWidth(tracks)}px` } as React.CSSProperties} onKeyDown={onKey}>
      <Head columns={columns} sort={sort} selectable={selectable} all={all} onAll={() => onChoose(all ? [] : rows.map((r) => r.id))} onSort={onSort} />
      {many ? (
        <div role="rowgroup" style={{ height: virtual.getTotalSize(), position: 'relative' }}>
          {virtual.getVirtualItems().map((item) => {
            const record = rows[item.index];
            return record ? <Row key={record.id} record={record} top={item.start} {...common} /> : null;
          })}
        </div>
      ) : <div role="rowgroup">{rows.map((record) => <Row key={record.id} record={record} top={null} {...common} />)}</div>}
    </div>
  );
}

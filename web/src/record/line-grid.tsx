import { useVirtualizer } from '@tanstack/react-virtual';
import { Button } from 'antd';
import { memo, useEffect, useMemo, useRef, useState, type ClipboardEvent, type KeyboardEvent } from 'react';
import { useMetas } from '../api/meta';
import type { CellMeta, Field, Json, TableMeta } from '../api/types';
import { WIDGETS } from '../fields/registry';
import { Value } from '../fields/value';
import { useText } from '../i18n';
import { parseDate } from '../lib/dates';
import { sumDecimals } from '../lib/decimal';
import { asString, isBlank, isNumeric, restDecimal, showValue, typedDecimal } from '../lib/values';
import { leastWidth } from '../list/list-state';
import { parentOf, RowRefText } from '../fields/row-ref';
import { isWritable, useDraft, type Draft } from './draft';
import { inputId } from './fields';
import { PickRows } from './pick-rows';

const VIRTUAL_FROM = 60;
const ROW_PX = 34;

/** The cell that is being edited. */
interface Active { key: string; name: string }

function widthOf(field: Field): string {
  switch (field.type) {
    case 'decimal': return 'minmax(96px, 1fr)';
    case 'integer': case 'boolean': return '76px';
    case 'date': return '112px';
    case 'ref': case 'user': case 'department': case 'anyref': return 'minmax(190px, 2fr)';
    case 'choice': return 'minmax(92px, 1fr)';
    default: return 'minmax(130px, 1.5fr)';
  }
}

/** Columns to show: a reference to a row of another record only where it can be chosen. */
export function columnsOf(table: TableMeta, metas: CellMeta[], editable: boolean): Field[] {
  return table.fields.filter((f) => f.required || parentOf(f, metas) === null || (editable && isWritable(f)));
}

/** A pasted text as the value of a field; references go by their code. */
export function pasted(field: Field, text: string): Json {
  const plain = text.trim();
  if (plain === '') return null;
  if (isNumeric(field.type)) return typedDecimal(field, plain) ?? plain;
  if (field.type === 'date') return parseDate(plain) ?? plain;
  if (field.type === 'ref' || field.type === 'user' || field.type === 'department') return { code: plain.split(/\s/)[0] ?? plain };
  if (field.type === 'choice') return field.choices?.find((c) => [c.value, c.label.zh, c.label.en].includes(plain))?.value ?? plain;
  if (field.type === 'boolean') return ['是', 'yes', 'true', '1', 'y'].includes(plain.toLowerCase());
  return plain;
}

/** Takes the value of the cell above. */
export function fillDown(draft: Draft, table: TableMeta, key: string, name: string): void {
  const rows = draft.rows(table.name);
  const above = rows[rows.findIndex((r) => r.key === key) - 1];
  const value = above ? (above.values[name] ?? above.ghosts[name]) : undefined;
  if (value !== undefined) draft.setCell(table.name, key, name, value);
}

interface RowProps {
  draft: Draft; table: TableMeta; rowKey: string; at: number; active: string | null; editable: boolean; top: number | null;
  onActive: (active: Active) => void; onDone: (name: string) => void;
}

const LineRow = memo(function LineRow({ draft, table, rowKey, at, active, editable, top, onActive, onDone }: RowProps) {
  const { t, l, lang } = useText();
  const { metas } = useMetas();
  useDraft(draft, `row:${rowKey}`);
  useDraft(draft, 'errors');
  const row = draft.rows(table.name)[at];
  if (row?.key !== rowKey) return null;
  const cell = (field: Field) => {
    const path = `${table.name}[${at}].${field.name}`;
    const error = draft.errors.get(path);
    const own = row.values[field.name] ?? null;
    const ghost = row.ghosts[field.name];
    const now = draft.when(field, table, row.values);
    const writable = editable && isWritable(field) && !now.fixed && !now.hidden;
    const Widget = WIDGETS[field.type];
    const label = l(field.label, field.name);
    const parent = parentOf(field, metas);
    const shown = isWritable(field) && !isBlank(own) ? own : (ghost ?? own);
    const className = `cell ${isNumeric(field.type) ? 'right' : ''} ${error ? 'bad' : ''} ${writable ? '' : 'fixed'} ${isBlank(own) && !isBlank(ghost) && writable ? 'ghost' : ''}`;
    return (
      <span key={field.name} role="gridcell" className={className} data-label={label} data-field={field.name} title={error}>
        {writable && active !== null ? (
          <Widget field={field} value={own} id={inputId(`${table.name}-${rowKey}-${field.name}`)} dense label={`${label} ${at + 1}`} invalid={error !== undefined}
            onChange={(value) => draft.setCell(table.name, rowKey, field.name, value)} onDone={() => onDone(field.name)}
            onFill={(values) => draft.fillRow(table.name, rowKey, values)}
            {...(isBlank(own) ? { ghost: isBlank(ghost) ? '' : showValue(field, ghost, lang) } : {})} />
        ) : writable ? (
          <button type="button" className="cell-button" aria-label={`${label} ${at + 1}: ${(parent ? '' : showValue(field, shown, lang)) || t('empty')}`}
            onFocus={() => onActive({ key: rowKey, name: field.name })}>
            {parent && !isBlank(shown) ? <RowRefText parent={parent} value={shown} /> : <Value field={field} value={shown} links={false} />}
          </button>
        ) : parent ? <RowRefText parent={parent} value={shown} /> : <Value field={field} value={shown} links={!editable} />}
        {error ? <span className="cell-error" role="alert">{error}</span> : null}
      </span>
    );
  };
  return (
    <div className={`line ${active === null ? '' : 'line-active'}`} role="row" data-row={at}
      onDragOver={(e) => { if (editable && e.dataTransfer.types.includes('text/x-row')) e.preventDefault(); }}
      onDrop={(e) => draft.moveRow(table.name, e.dataTransfer.getData('text/x-row'), at)} style={top === null ? undefined : { position: 'absolute', top, left: 0, right: 0 }}>
      <span className="cell index" role="rowheader" draggable={editable} title={editable ? t('lines.move') : undefined}
        onDragStart={(e) => e.dataTransfer.setData('text/x-row', rowKey)}>{at + 1}</span>
      {table.fields.map(cell)}
      {editable ? (
        <span className="cell line-tools" role="gridcell">
          <button type="button" tabIndex={-1} className="icon-button" aria-label={t('lines.copy')} title={t('lines.copy')} onClick={() => draft.copyRow(table.name, rowKey)}>
            <svg viewBox="0 0 16 16" width="13" height="13" aria-hidden="true"><path d="M5 5h8v8H5zM3 11V3h8" fill="none" stroke="currentColor" strokeWidth="1.3" /></svg>
          </button>
          <button type="button" tabIndex={-1} className="icon-button" aria-label={t('lines.remove')} title={t('lines.remove')} onClick={() => draft.removeRow(table.name, rowKey)}>✕</button>
        </span>
      ) : null}
    </div>
  );
});

function Totals({ draft, table, editable }: { draft: Draft; table: TableMeta; editable: boolean }) {
  const { t, l } = useText();
  useDraft(draft, `totals:${table.name}`);
  useDraft(draft, `rows:${table.name}`);
  const rows = draft.rows(table.name);
  const summed = table.fields.filter((f) => f.type === 'decimal' && (f.kind === 'amount' || f.kind === 'quantity'));
  if (summed.length === 0 || rows.length === 0) return null;
  return (
    <div className="line line-total" role="row">
      <span className="cell index" role="rowheader">Σ</span>
      {table.fields.map((field, i) => {
        const parts = rows.map((r) => {
          const own = r.values[field.name];
          return asString(isWritable(field) && !isBlank(own) ? own : (r.ghosts[field.name] ?? own));
        });
        const total = summed.includes(field) && parts.some((p) => p !== '') ? sumDecimals(parts) : null;
        return (
          <span key={field.name} role="gridcell" className={`cell ${isNumeric(field.type) ? 'right' : ''} ${total === null ? 'void' : ''}`} data-label={l(field.label, field.name)}>
            {total !== null ? <span className={total.startsWith('-') ? 'num negative' : 'num'}>{restDecimal(field, total)}</span> : i === 0 ? t('lines.total') : ''}
          </span>
        );
      })}
      {editable ? <span role="gridcell" className="cell line-tools" /> : null}
    </div>
  );
}

/** The rows of a record: one live row, all others are plain cells that open when they are reached. */
export function LineGrid({ draft, table: whole, editable }: { draft: Draft; table: TableMeta; editable: boolean }) {
  const { t, l } = useText();
  const { metas } = useMetas();
  const table = useMemo(() => ({ ...whole, fields: columnsOf(whole, metas, editable) }), [whole, metas, editable]);
  useDraft(draft, `rows:${table.name}`);
  const [active, setActive] = useState<Active | null>(null);
  const box = useRef<HTMLDivElement>(null);
  const rows = draft.rows(table.name);
  const writable = table.fields.filter(isWritable);
  const virtual = useVirtualizer({ count: rows.length, getScrollElement: () => box.current, estimateSize: () => ROW_PX, overscan: 10 });
  const many = rows.length > VIRTUAL_FROM && window.innerWidth > 700;
  const tracks = ['36px', ...table.fields.map(widthOf), ...(editable ? ['56px'] : [])];
  const cols = tracks.join(' ');

  useEffect(() => {
    if (active === null) return;
    const input = document.getElementById(inputId(`${table.name}-${active.key}-${active.name}`));
    if (input && input !== document.activeElement) input.focus();
  }, [active, table.name]);

  const go = (key: string, name: string | undefined) => { if (name !== undefined) setActive({ key, name }); };
  const onward = (name: string) => {
    if (active === null) return;
    const next = writable[writable.findIndex((f) => f.name === name) + 1];
    if (next) return go(active.key, next.name);
    const at = rows.findIndex((r) => r.key === active.key);
    go(rows[at + 1]?.key ?? draft.addRow(table.name), writable[0]?.name);
  };
  const nameOf = (target: EventTarget) => (target instanceof HTMLElement ? target.closest<HTMLElement>('[data-field]')?.dataset.field : undefined);
  const onKeyCapture = (e: KeyboardEvent<HTMLDivElement>) => {
    const name = nameOf(e.target);
    if (name === undefined || active === null || e.nativeEvent.isComposing) return;
    const select = (e.target as HTMLElement).closest('.ant-select');
    const opened = select?.classList.contains('ant-select-open');
    if (e.key === 'Enter' && !e.ctrlKey && !opened) {
      if (select === null && e.target instanceof HTMLInputElement) e.target.blur();
      e.preventDefault();
      e.stopPropagation();
      onward(name);
    } else if ((e.key === 'ArrowDown' || e.key === 'ArrowUp') && select === null && !e.altKey) {
      const at = rows.findIndex((r) => r.key === active.key) + (e.key === 'ArrowDown' ? 1 : -1);
      const row = rows[at];
      if (row) { e.preventDefault(); go(row.key, name); }
    } else if ((e.key === 'ArrowDown' || e.key === 'ArrowUp') && e.altKey && e.shiftKey) {
      e.preventDefault();
      draft.moveRow(table.name, active.key, rows.findIndex((r) => r.key === active.key) + (e.key === 'ArrowDown' ? 1 : -1));
    } else if (e.key.toLowerCase() === 'd' && (e.ctrlKey || e.metaKey)) {
      e.preventDefault();
      fillDown(draft, table, active.key, name);
    } else if (e.key === 'Delete' && e.ctrlKey) {
      e.preventDefault();
      draft.removeRow(table.name, active.key);
      setActive(null);
    }
  };
  const onPaste = (e: ClipboardEvent<HTMLDivElement>) => {
    const name = nameOf(e.target);
    const text = e.clipboardData.getData('text/plain').replace(/\r?\n$/, '');
    if (name === undefined || active === null || !/[\t\n]/.test(text)) return;
    e.preventDefault();
    const from = writable.findIndex((f) => f.name === name);
    let at = rows.findIndex((r) => r.key === active.key);
    for (const line of text.split(/\r?\n/)) {
      const key = draft.rows(table.name)[at]?.key ?? draft.addRow(table.name);
      line.split('\t').forEach((part, i) => {
        const field = writable[from + i];
        if (field) draft.setCell(table.name, key, field.name, pasted(field, part));
      });
      at += 1;
    }
  };
  const renderRow = (at: number, top: number | null) => {
    const row = rows[at];
    return row ? (
      <LineRow key={row.key} draft={draft} table={table} rowKey={row.key} at={at} top={top} editable={editable}
        active={active?.key === row.key ? active.name : null} onActive={setActive} onDone={onward} />
    ) : null;
  };
  return (
    <section className="lines" data-table={table.name}>
      <div className="lines-head"><h2>{l(table.label, table.name)}</h2><span className="muted">{t('lines.count', { n: rows.length })}</span>
        <span className="grow" />{editable ? <span className="muted lines-keys">{t('lines.keys')}</span> : null}</div>
      <div className="line-box" ref={box} role="grid" aria-label={l(table.label, table.name)} style={{ '--cols': cols, '--least': `${leastWidth(tracks)}px` } as React.CSSProperties}
        data-many={many} onKeyDownCapture={onKeyCapture} onPaste={onPaste}>
        <div className="line line-head" role="row">
          <span className="cell index" role="columnheader">#</span>
          {table.fields.map((f) => (
            <span key={f.name} role="columnheader" title={l(f.help) || undefined} className={`cell ${isNumeric(f.type) ? 'right' : ''}`}>
              {f.required && editable && isWritable(f) ? <span className="star">*</span> : null}{l(f.label, f.name)}
            </span>
          ))}
          {editable ? <span className="cell" role="columnheader" aria-label={t('record.more')} /> : null}
        </div>
        {many ? (
          <div style={{ height: virtual.getTotalSize(), position: 'relative' }}>{virtual.getVirtualItems().map((item) => renderRow(item.index, item.start))}</div>
        ) : rows.map((_, at) => renderRow(at, null))}
        {rows.length === 0 ? <div className="lines-empty muted">{t('lines.empty')}</div> : null}
        <Totals draft={draft} table={table} editable={editable} />
      </div>
      {editable ? (
        <div className="lines-foot">
          <Button className="lines-add" size="small" type="dashed" onClick={() => go(draft.addRow(table.name), writable[0]?.name)}>+ {t('lines.add')}</Button>
          <PickRows draft={draft} table={whole} />
        </div>
      ) : null}
    </section>
  );
}

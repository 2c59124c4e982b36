import { useVirtualizer } from '@tanstack/react-virtual';
import { Suspense, useRef, type ComponentType, type CSSProperties, type KeyboardEvent, type PointerEvent } from 'react';
import type { Field, RecordData, TypeMeta } from '../api/types';
import { Masked } from '../fields/reveal';
import { Value } from '../fields/value';
import { useText } from '../i18n';
import { preferences } from '../lib/preferences';
import { useCell } from '../lib/store';
import { isNumeric, restDecimal, valueOf } from '../lib/values';
import type { Group, Line } from './groups';
import type { InlineProps } from './inline';
import { leastWidth, trackOf } from './list-state';
import type { Layout } from './view-state';

/** Rows beyond this number are drawn only while they are in view. */
const VIRTUAL_FROM = 100;
/** Width of the column of check boxes, and the least of any other, pixels. */
const CHECK_PX = 36;
const LEAST_PX = 48;

/** What a list is drawn from. */
export interface GridProps {
  type: TypeMeta;
  columns: Field[];
  lines: Line[];
  layout: Layout;
  sort: string;
  chosen: string[];
  selectable: boolean;
  busy: boolean;
  /** How values are changed where they stand, while that is wanted. */
  inline: { cell: string; Cell: ComponentType<InlineProps> } | null;
  /** The cell of the records, when their sensitive values may be revealed. */
  sights: string | null;
  /** Whether a group shows what is in it. */
  isOpen: (key: string) => boolean;
  onChoose: (ids: string[]) => void;
  onOpen: (id: string) => void;
  onSort: (name: string) => void;
  onFold: (key: string) => void;
  /** To the list of a group that has more than is shown. */
  onMore: (group: Group) => void;
  onWidth: (name: string, width: number) => void;
}

/** Left edges of the columns that stay in view, pixels; such columns have a width to the pixel. */
function frozenEdges(tracks: string[], frozen: number, selectable: boolean): (number | null)[] {
  const pixels = tracks.map((track) => Number(/\d+/.exec(track)?.[0] ?? 0));
  const first = selectable ? 1 : 0;
  return tracks.map((_, i) => (frozen > 0 && i < first + frozen ? pixels.slice(0, i).reduce((sum, px) => sum + px, 0) : null));
}

const edgeStyle = (edge: number | null | undefined): CSSProperties | undefined => (edge === null || edge === undefined ? undefined : { position: 'sticky', left: edge, zIndex: 1 });

function Resizer({ name, onWidth }: { name: string; onWidth: GridProps['onWidth'] }) {
  const { t } = useText();
  const start = useRef<{ x: number; width: number } | null>(null);
  const down = (e: PointerEvent<HTMLSpanElement>) => {
    const head = e.currentTarget.parentElement;
    if (head === null) return;
    start.current = { x: e.clientX, width: head.offsetWidth };
    e.currentTarget.setPointerCapture(e.pointerId);
    e.preventDefault();
  };
  const move = (e: PointerEvent<HTMLSpanElement>) => {
    if (start.current) onWidth(name, Math.max(LEAST_PX, Math.round(start.current.width + e.clientX - start.current.x)));
  };
  return <span className="resizer" title={t('list.width')} aria-hidden="true" onPointerDown={down} onPointerMove={move} onPointerUp={() => { start.current = null; }} />;
}

type HeadProps = Pick<GridProps, 'columns' | 'sort' | 'selectable' | 'onSort' | 'onWidth'> & { all: boolean; edges: (number | null)[]; onAll: () => void };

function Head({ columns, sort, selectable, all, edges, onAll, onSort, onWidth }: HeadProps) {
  const { t, l } = useText();
  const first = selectable ? 1 : 0;
  return (
    <div className="grid-head" role="row">
      {selectable ? <span role="columnheader" className="cell check" style={edgeStyle(edges[0])}><input type="checkbox" checked={all} aria-label={t('list.selectall')} onChange={onAll} /></span> : null}
      {columns.map((field, i) => {
        const direction = sort === field.name ? 'ascending' : sort === `-${field.name}` ? 'descending' : undefined;
        const className = `cell ${isNumeric(field.type) ? 'right' : ''}`;
        const label = l(field.label, field.name);
        return (
          <span key={field.name} role="columnheader" aria-sort={field.sort ? (direction ?? 'none') : undefined} className={className} style={edgeStyle(edges[first + i])}>
            {field.sort ? (
              <button type="button" onClick={() => onSort(field.name)}>{label}<span className="arrow" aria-hidden="true">{direction === 'ascending' ? '↑' : direction === 'descending' ? '↓' : ''}</span></button>
            ) : <span>{label}</span>}
            <Resizer name={field.name} onWidth={onWidth} />
          </span>
        );
      })}
    </div>
  );
}

type RowProps = Pick<GridProps, 'type' | 'columns' | 'chosen' | 'selectable' | 'inline' | 'sights' | 'onChoose' | 'onOpen'> & { edges: (number | null)[] };
const topStyle = (top: number | null): CSSProperties | undefined => (top === null ? undefined : { position: 'absolute', top, left: 0, right: 0 });

function Row({ record, top, type, columns, chosen, selectable, inline, sights, edges, onChoose, onOpen }: RowProps & { record: RecordData; top: number | null }) {
  const { t, l } = useText();
  const picked = chosen.includes(record.id);
  const first = selectable ? 1 : 0;
  return (
    <div className="grid-row" role="row" tabIndex={0} aria-selected={picked} data-id={record.id} style={topStyle(top)}
      onClick={() => { if (!window.getSelection()?.toString()) onOpen(record.id); }}>
      {selectable ? (
        <span role="gridcell" className="cell check" style={edgeStyle(edges[0])} onClick={(e) => e.stopPropagation()}>
          <input type="checkbox" checked={picked} tabIndex={-1} aria-label={t('list.select')}
            onChange={() => onChoose(picked ? chosen.filter((id) => id !== record.id) : [...chosen, record.id])} />
        </span>
      ) : null}
      {columns.map((field, i) => (
        <span key={field.name} role="gridcell" className={`cell cell-${field.type} ${isNumeric(field.type) ? 'right' : ''}`} data-label={l(field.label, field.name)} style={edgeStyle(edges[first + i])}>
          {inline ? <Suspense fallback={null}><inline.Cell cell={inline.cell} {...{ type, field, record }} /></Suspense>
            : field.sensitive && sights ? <Masked field={field} value={valueOf(record, field)} sight={{ cell: sights, type, id: record.id }} /> : <Value field={field} value={valueOf(record, field)} links={false} states={type.states} />}
        </span>
      ))}
    </div>
  );
}

function GroupRow({ group, columns, selectable, open, top, onFold }: { group: Group; columns: Field[]; selectable: boolean; open: boolean; top: number | null; onFold: () => void }) {
  const { t } = useText();
  return (
    <div className={`grid-row grid-group grid-group-${group.depth}`} role="row" style={topStyle(top)} onClick={onFold}>
      {selectable ? <span role="gridcell" className="cell check" /> : null}
      {columns.map((field, i) => (
        <span key={field.name} role="gridcell" className={`cell ${isNumeric(field.type) ? 'right' : ''} ${i === 0 ? 'group-title' : ''}`}>
          {i === 0 ? <button type="button" aria-expanded={open} onClick={(e) => { e.stopPropagation(); onFold(); }}>{open ? '▾' : '▸'} {group.title} <span className="muted">{t('lines.count', { n: group.count })}</span></button>
            : group.sums[field.name] ? <span className="num">{restDecimal(field, group.sums[field.name] ?? '')}</span> : null}
        </span>
      ))}
    </div>
  );
}

function MoreRow({ count, top, onMore }: { count: number; top: number | null; onMore: () => void }) {
  const { t } = useText();
  return (
    <div className="grid-row grid-more" role="row" style={topStyle(top)}>
      <span role="gridcell" className="cell"><button type="button" className="link-button" onClick={onMore}>{t('list.group.more', { n: count })}</button></span>
    </div>
  );
}

/** The rows of a list: plain cells, a head that stays, and only what is in view when there are many. */
export function Grid(props: GridProps) {
  const { type, columns, lines, layout, sort, chosen, selectable, busy, inline, sights, isOpen, onChoose, onOpen, onSort, onFold, onMore, onWidth } = props;
  const { density } = useCell(preferences);
  const box = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: lines.length, getScrollElement: () => box.current, estimateSize: () => (density === 'compact' ? 28 : 36), overscan: 12,
  });
  const narrow = window.innerWidth <= 700;
  const many = lines.length > VIRTUAL_FROM && !narrow;
  const records = lines.flatMap((line) => (line.kind === 'row' ? [line.record] : []));
  const all = records.length > 0 && chosen.length === records.length;
  const frozen = narrow ? 0 : layout.frozen;
  const usual = [...(selectable ? [`${CHECK_PX}px`] : []), ...columns.map((f) => trackOf(f, layout.widths[f.name]))];
  const edges = frozenEdges(usual, frozen, selectable);
  // What stays in view needs a width to the pixel when another stands beside it.
  const last = edges.filter((e) => e !== null).length - 1;
  const tracks = usual.map((track, i) => (edges[i] !== null && i < last ? `${/\d+/.exec(track)?.[0] ?? LEAST_PX}px` : track));
  const onKey = (e: KeyboardEvent<HTMLDivElement>) => {
    const row = e.target instanceof HTMLElement ? e.target.closest<HTMLElement>('.grid-row') : null;
    if (row === null || (e.target instanceof HTMLElement && e.target.closest('button'))) return;
    const id = row.dataset.id ?? '';
    if (e.key === 'Enter') onOpen(id);
    else if (e.key === 'ArrowDown') (row.nextElementSibling as HTMLElement | null)?.focus();
    else if (e.key === 'ArrowUp') (row.previousElementSibling as HTMLElement | null)?.focus();
    else if (e.key === ' ' && selectable) onChoose(chosen.includes(id) ? chosen.filter((c) => c !== id) : [...chosen, id]);
    else return;
    e.preventDefault();
  };
  const draw = (line: Line | undefined, top: number | null) => {
    if (line === undefined) return null;
    if (line.kind === 'row') return <Row key={line.record.id} record={line.record} top={top} {...{ type, columns, chosen, selectable, inline, sights, edges, onChoose, onOpen }} />;
    if (line.kind === 'more') return <MoreRow key={`more-${line.group.key}`} count={line.count} top={top} onMore={() => onMore(line.group)} />;
    return <GroupRow key={`group-${line.group.key}`} group={line.group} top={top} open={isOpen(line.group.key)} {...{ columns, selectable }} onFold={() => onFold(line.group.key)} />;
  };
  return (
    <div className="grid" ref={box} role="grid" aria-rowcount={lines.length} aria-busy={busy} style={{ '--cols': tracks.join(' '), '--least': `${leastWidth(tracks)}px` } as CSSProperties} onKeyDown={onKey}>
      <Head {...{ columns, sort, selectable, all, edges, onSort, onWidth }} onAll={() => onChoose(all ? [] : records.map((r) => r.id))} />
      {many ? (
        <div role="rowgroup" style={{ height: virtual.getTotalSize(), position: 'relative' }}>
          {virtual.getVirtualItems().map((item) => draw(lines[item.index], item.start))}
        </div>
      ) : <div role="rowgroup">{lines.map((line) => draw(line, null))}</div>}
    </div>
  );
}

import { useQuery } from '@tanstack/react-query';
import { Select } from 'antd';
import { createContext, useContext, useState } from 'react';
import { api } from '../api/client';
import { useMetas } from '../api/meta';
import type { CellMeta, Field, Json, JsonObject, RecordData, TableMeta, TypeMeta } from '../api/types';
import { useText, type Lang } from '../i18n';
import { asObject, asString, isBlank, maskOf, showValue } from '../lib/values';
import type { WidgetProps } from './widget';

/** A record whose rows a reference may point at. */
export interface Parent { cell: string; type: TypeMeta; table: TableMeta }

/** Answers the id of the record of a type that stands in the head of what is being edited. */
export type Scope = (cell: string, type: string) => string | null;

/** The records in view, by type. */
export const RowScope = createContext<Scope>(() => null);

/** The type and table a field points into, when it points at a row of another record. */
export function parentOf(field: Field, metas: CellMeta[]): Parent | null {
  const target = field.type === 'ref' ? field.ref : null;
  if (!target) return null;
  const types = metas.find((m) => m.cell === target.cell)?.types ?? [];
  if (types.some((x) => x.name === target.type)) return null;
  const type = types.find((x) => x.tables.length > 0 && target.type.startsWith(`${x.name}-`));
  if (!type) return null;
  const row = target.type.slice(type.name.length + 1);
  const table = type.tables.find((x) => x.name.startsWith(row)) ?? type.tables[0];
  return table ? { cell: target.cell, type, table } : null;
}

/** The rows of the parent that is in view; none while there is no parent. */
export function useParentRows(parent: Parent | null): { rows: JsonObject[]; pending: boolean; id: string | null } {
  const scope = useContext(RowScope);
  const id = parent === null ? null : scope(parent.cell, parent.type.name);
  const answer = useQuery({
    queryKey: ['record', parent?.cell, parent?.type.resource, id],
    queryFn: () => api<RecordData>(`/${parent?.cell ?? ''}/${parent?.type.resource ?? ''}/${id ?? ''}`, { query: maskOf(parent?.type) }),
    enabled: parent !== null && id !== null,
  });
  const found = parent === null ? undefined : answer.data?.[parent.table.name];
  return { rows: Array.isArray(found) ? found.map((r) => asObject(r) ?? {}) : [], pending: id !== null && answer.isPending, id };
}

/** What a row is about, in a few words: its place, what it refers to, how much of it. */
export function rowText(table: TableMeta, row: JsonObject, at: number, lang: Lang): string {
  const first = (wanted: (f: Field) => boolean) => table.fields.find((f) => wanted(f) && !isBlank(row[f.name]));
  const about = first((f) => f.type === 'ref' && !isBlank(asObject(row[f.name])?.code ?? null)) ?? first((f) => f.type === 'text');
  const amount = first((f) => f.type === 'decimal' && f.kind === 'quantity');
  return [`${at + 1}.`, about ? showValue(about, row[about.name], lang) : '', amount ? `× ${showValue(amount, row[amount.name], lang)}` : '']
    .filter((part) => part !== '').join(' ');
}

/** Picks a row of the record that stands in the head; what the row says fills the blank cells beside it. */
export function RowRefInput({ field, value, onChange, onFill, onDone, id, label, dense, invalid }: WidgetProps) {
  const { t, l, lang } = useText();
  const { metas } = useMetas();
  const parent = parentOf(field, metas);
  const { rows, pending, id: parentId } = useParentRows(parent);
  const [open, setOpen] = useState(false);
  const options = rows.map((row, at) => ({ value: asString(row.id), label: parent ? rowText(parent.table, row, at, lang) : '', row }));
  const current = asString(asObject(value)?.id ?? value);
  const known = options.find((o) => o.value === current);
  return (
    <Select id={id} aria-label={label} variant={dense ? 'borderless' : 'outlined'} {...(invalid ? { status: 'error' as const } : {})} open={open} onOpenChange={setOpen}
      popupMatchSelectWidth={false} showSearch={{ optionFilterProp: 'label' }} suffix={dense ? null : undefined} allowClear={!dense && !field.required}
      value={current === '' ? null : { value: current, label: known?.label ?? '…' }} labelInValue options={options} placeholder={t('row.pick')}
      notFoundContent={pending ? t('loading') : parentId === null && parent ? t('row.parent', { name: l(parent.type.label, parent.type.name) }) : t('ref.none')}
      onSelect={(_, option) => {
        onChange({ id: option.value });
        const { id: own, ...rest } = option.row;
        if (own !== undefined) onFill?.(rest);
        setOpen(false);
        onDone?.();
      }}
      onClear={() => onChange(null)} onInputKeyDown={(e) => { if (e.key === 'Delete') onChange(null); }} />
  );
}

/** A reference to a row at rest. */
export function RowRefText({ parent, value }: { parent: Parent; value: Json | undefined }) {
  const { lang } = useText();
  const { rows } = useParentRows(parent);
  const id = asString(asObject(value)?.id ?? value);
  const at = rows.findIndex((row) => row.id === id);
  const row = rows[at];
  return <span>{row ? rowText(parent.table, row, at, lang) : '·'}</span>;
}
